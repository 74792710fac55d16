import pytest

LAYERS = {
    "Input", "Dense", "Activation", "ReLU", "LeakyReLU", "Softmax", "Dropout", "Flatten", "Reshape",
    "Conv2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "BatchNormalization",
    "Embedding", "LSTM", "Add", "Concatenate",
}  # fmt: skip


@pytest.fixture
async def catalog(client):
    return (await client.get("/api/v1/catalog")).json()


async def test_the_catalog_holds_what_graphs_and_training_can_name(catalog):
    assert {entry["name"] for entry in catalog["layers"]} >= LAYERS
    for kind in ("losses", "metrics", "optimizers", "callbacks"):
        assert catalog[kind]


async def test_every_entry_says_what_it_is_in_both_languages(catalog):
    for kind in ("layers", "losses", "metrics", "optimizers", "schedules", "callbacks"):
        for entry in catalog[kind]:
            assert entry["summary"]["en"]
            assert entry["summary"]["zh-CN"]
            assert entry["parameters"]["type"] == "object"


async def test_every_layer_stands_in_a_group_of_the_palette(catalog):
    groups = {group["id"] for group in catalog["groups"]}
    assert {entry["group"] for entry in catalog["layers"]} <= groups


async def test_every_parameter_of_a_layer_can_be_edited(catalog):
    for entry in catalog["layers"]:
        for name, parameter in entry["parameters"]["properties"].items():
            assert parameter["x-widget"], (entry["name"], name)
            assert parameter["x-doc"]["zh-CN"], (entry["name"], name)


async def test_a_copy_that_is_current_is_not_sent_again(client):
    first = await client.get("/api/v1/catalog")
    again = await client.get("/api/v1/catalog", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
