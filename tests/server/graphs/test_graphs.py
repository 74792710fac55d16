import copy
import time

import pytest


async def check(client, graph, training=None, **headers):
    body = {"graph": graph} | ({} if training is None else {"training": training})
    response = await client.post("/api/v1/graphs/check", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def errors(report):
    return [problem for problem in report["problems"] if problem["severity"] == "error"]


async def test_a_good_graph_has_shapes_costs_and_a_fingerprint(client, graph, training):
    report = await check(client, graph, training)
    assert errors(report) == []
    assert report["nodes"]["image"]["output_shape"] == [None, 8, 8, 1]
    assert report["nodes"]["digit"]["output_shape"] == [None, 10]
    assert report["nodes"]["digit"]["parameters"] == 650
    assert report["totals"]["parameters"] == 650
    assert report["totals"]["trainable_parameters"] == 650
    assert report["nodes"]["digit"]["macs"] == 640
    assert len(report["fingerprint"]) == 64


async def test_every_problem_is_listed_with_its_node(client, graph):
    graph["nodes"][1]["inputs"] = [{"node": "nowhere"}]
    graph["nodes"][2]["config"] = {"units": -1}
    report = await check(client, graph)
    assert {"flat", "digit"} <= {problem["node"] for problem in errors(report)}
    assert report["nodes"]["image"]["output_shape"] == [None, 8, 8, 1]


async def test_a_dataset_that_does_not_fit_is_a_problem_with_a_fix(client, graph, training):
    graph["nodes"][2]["config"]["units"] = 5
    report = await check(client, graph, training)
    fixes = [fix for problem in errors(report) for fix in problem["fixes"]]
    assert fixes
    assert {fix["target"] for fix in fixes} <= {"graph", "training"}
    assert all(isinstance(fix["label"], str) and fix["patch"] for fix in fixes)


async def test_accept_language_picks_the_language_of_messages_and_fixes(client, graph, training):
    graph["nodes"][2]["config"]["units"] = 5
    english = await check(client, graph, training, **{"accept-language": "en-GB, zh;q=0.5"})
    chinese = await check(client, graph, training, **{"accept-language": "zh-CN, en;q=0.5"})
    assert [p["code"] for p in english["problems"]] == [p["code"] for p in chinese["problems"]]
    for one, other in zip(errors(english), errors(chinese), strict=True):
        assert one["message"] != other["message"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in other["message"])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format": "lamina.graph"},
        {"format": "lamina.graph", "version": 99, "nodes": []},
        {"format": "lamina.graph", "version": 1, "nodes": [], "outputs": []},
        {"format": "lamina.graph", "version": 1, "nodes": [{}], "outputs": [{}]},
        {"format": "lamina.graph", "version": 1, "nodes": "x", "outputs": 7},
        {"format": "lamina.training", "version": 1},
        {"nodes": [{"id": "a", "type": "Input", "config": {}, "inputs": []}]},
    ],
)
async def test_a_half_built_document_is_answered_with_its_problems(client, document):
    assert errors(await check(client, document, document))


async def test_a_cycle_is_a_problem(client, graph):
    graph["nodes"][1]["inputs"] = [{"node": "digit"}]
    assert errors(await check(client, graph))


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'{"graph": 7}', b'{"graph": []}', b"{}"])
async def test_a_request_that_holds_no_document_is_refused(client, body):
    response = await client.post(
        "/api/v1/graphs/check", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    assert response.json()["errors"]


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"9" * 30])
async def test_numbers_that_no_document_can_hold_are_refused(client, number):
    response = await client.post(
        "/api/v1/graphs/check",
        content=b'{"graph": {"x": ' + number + b"}}",
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422


@pytest.mark.parametrize("depth", [101, 900, 100_000])
async def test_endless_nesting_is_refused(client, depth):
    body = b'{"graph": {"x": ' + b"[" * depth + b"]" * depth + b"}}"
    response = await client.post(
        "/api/v1/graphs/check", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code in {400, 422}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"graph": {"a": 1,}}', b"{\"graph\": ''}"]
)
async def test_a_body_that_is_not_json_is_a_problem(client, body):
    response = await client.post(
        "/api/v1/graphs/check", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("style", "layer"), [("keras", "Dense"), ("pytorch", "nn.Module")])
async def test_a_graph_becomes_source_that_names_its_layers(client, graph, style, layer):
    response = await client.post("/api/v1/graphs/code", json={"graph": graph, "style": style})
    assert response.status_code == 200
    source = response.json()["source"]
    compile(source, "model.py", "exec")
    assert layer in source


@pytest.mark.parametrize("style", ["keras", "pytorch"])
async def test_a_graph_with_errors_becomes_no_source(client, graph, style):
    graph["nodes"][2]["config"] = {"units": -1}
    response = await client.post("/api/v1/graphs/code", json={"graph": graph, "style": style})
    assert response.status_code == 422
    assert response.json()["problems"][0]["node"] == "digit"


async def test_a_layer_that_a_style_cannot_say_is_named_in_a_sentence(client, graph):
    graph["nodes"].insert(
        1,
        {
            "id": "crop",
            "type": "CenterCrop",
            "config": {"height": 20, "width": 20},
            "inputs": [{"node": "image"}],
        },
    )
    graph["nodes"][2]["inputs"] = [{"node": "crop"}]
    answer = await client.post("/api/v1/graphs/code", json={"graph": graph, "style": "pytorch"})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("not_supported")
    assert 'CenterCrop "crop" cannot be written as PyTorch source' in answer.json()["detail"]


async def test_an_unknown_style_is_refused(client, graph):
    response = await client.post("/api/v1/graphs/code", json={"graph": graph, "style": "cobol"})
    assert response.status_code == 422


def deep_graph(graph: dict, layers: int) -> dict:
    graph = copy.deepcopy(graph)
    image, flat, digit = graph["nodes"]
    before, hidden = "flat", []
    for number in range(layers - 3):
        node = {
            "id": f"hidden_{number}",
            "type": "Dense",
            "config": {"units": 32, "activation": "relu"},
            "inputs": [{"node": before}],
        }
        hidden.append(node)
        before = node["id"]
    digit["inputs"] = [{"node": before}]
    graph["nodes"] = [image, flat, *hidden, digit]
    return graph


@pytest.mark.bench
async def test_checking_100_layers_takes_at_most_50_ms(client, graph, training):
    deep = deep_graph(graph, 100)
    assert errors(await check(client, deep, training)) == []
    times = []
    for _ in range(20):
        started = time.perf_counter()
        await check(client, deep, training)
        times.append(time.perf_counter() - started)
    assert sorted(times)[len(times) // 2] <= 0.050


async def test_a_graph_of_100_layers_is_checked(client, graph, training):
    report = await check(client, deep_graph(graph, 100), training)
    assert errors(report) == []
    assert len(report["nodes"]) == 100
