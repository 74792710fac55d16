import pytest

from lamina_studio.templates.service import list_templates

TEMPLATES = {template.id: template for template in list_templates()}


async def test_the_first_template_is_the_digit_classifier(client):
    body = (await client.get("/api/v1/templates")).json()
    first = body["items"][0]
    assert first["id"] == "mnist-cnn"
    layers = [(node["type"], node["config"]) for node in first["graph"]["nodes"]]
    assert layers == [
        ("Input", {"shape": [28, 28, 1]}),
        ("Conv2D", {"filters": 32, "kernel_size": [3, 3], "activation": "relu"}),
        ("MaxPooling2D", {"pool_size": [2, 2]}),
        ("Flatten", {}),
        ("Dense", {"units": 128, "activation": "relu"}),
        ("Dense", {"units": 10, "activation": "softmax"}),
    ]
    training = first["training"]
    assert training["loss"] == "categorical_crossentropy"
    assert training["optimizer"] == {"type": "RMSprop", "config": {"learning_rate": 0.001}}
    assert training["batch_size"] == 32
    assert training["validation"] == {"split": 0.1}
    assert training["dataset"] == {"id": "mnist"}
    assert body["next"] is None


def test_ids_are_unique_and_titles_are_in_both_languages():
    assert len(TEMPLATES) == len(list_templates()) >= 5
    for template in TEMPLATES.values():
        assert template.title.en
        assert template.title.zh_cn
        assert template.summary.zh_cn


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
async def test_a_template_has_no_problem(client, template):
    response = await client.post(
        "/api/v1/graphs/check", json={"graph": template.graph, "training": template.training}
    )
    serious = [p for p in response.json()["problems"] if p["severity"] != "info"]
    assert serious == []


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
async def test_a_template_can_be_saved_and_is_not_changed_by_that(client, template):
    saved = await client.post(
        "/api/v1/models", json={"graph": template.graph, "training": template.training}
    )
    assert saved.status_code == 201
    assert saved.json()["graph"] == template.graph


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_every_node_of_a_template_has_its_place_on_the_canvas(template):
    nodes = [node["id"] for node in template.graph["nodes"]]
    places = template.graph["layout"]
    assert set(places) == set(nodes)
    assert len({(place["x"], place["y"]) for place in places.values()}) == len(nodes)
