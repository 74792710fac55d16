"""The graph document: frozen, versioned JSON that everything makes or uses.

`read` takes anything and never raises for a user's mistake; `Graph.parse` raises the same problems as a `GraphError`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field

import lamina.layers  # noqa: F401 - fills the registry
from lamina.calls import Slot, decode
from lamina.layer import LAYERS
from lamina.plain_words import in_plain_words
from lamina.problems import GraphError, Problem
from lamina.text import Text

FORMAT = "lamina.graph"
BLOCK = "Block"
"""Type of the nodes that stand for a model inside the model."""
VERSION = 1
NODE_ID_PATTERN = r"^[\p{L}\p{So}_][\p{L}\p{M}\p{N}\p{So}\p{Sk}\u200d_-]{0,63}$"
"""Letters of any script, digits, symbols such as emoji, _ and -. Keras refuses "/" in names, torch ".": so does this."""
MOST_NODES = 5000
MOST_BLOCKS = 100
DEEPEST = 8
"""How many models may stand inside each other."""

NodeId = Annotated[str, Field(pattern=NODE_ID_PATTERN)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Edge(_Part):
    """Where an input comes from: one output of a node."""

    node: str = Field(max_length=64)
    output: int = Field(0, ge=0)

    def to_json(self) -> dict[str, Any]:
        return {"node": self.node, **({"output": self.output} if self.output else {})}


class Node(_Part):
    """One layer of the graph, or one more use of the layer of another node (`shares`)."""

    id: NodeId
    type: str = Field(max_length=100)
    config: dict[str, Any] = Field(default_factory=dict)
    inputs: list[Edge] = Field(default_factory=list)
    shares: str | None = None
    call: dict[str, Any] | None = None
    """Arguments of the call, where they are not just the inputs one after the other; see `lamina.calls`."""

    def to_json(self) -> dict[str, Any]:
        node: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "config": self.config,
            "inputs": [edge.to_json() for edge in self.inputs],
        }
        if self.shares is not None:
            node["shares"] = self.shares
        if self.call is not None:
            node["call"] = self.call
        return node


class Position(_Part):
    """Where a node stands on the canvas, in pixels."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)


class Block(_Part):
    """A model inside a model; nodes of type "Block" refer to it by its id."""

    id: NodeId
    graph: Graph
    sequential: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "graph": self.graph.to_json(), "sequential": self.sequential}


class Graph(_Part):
    """A model as a document."""

    format: str = FORMAT
    version: int = VERSION
    name: str = Field("model", max_length=200)
    nodes: list[Node] = Field(max_length=MOST_NODES)
    outputs: list[Edge]
    blocks: list[Block] = Field(default_factory=list, max_length=MOST_BLOCKS)
    layout: dict[str, Position] = Field(default_factory=dict, max_length=MOST_NODES)

    @classmethod
    def parse(cls, document: object) -> Self:
        """A graph from JSON data, or the graph itself.

        Raises:
            GraphError: With every problem of the document's form.
        """
        if isinstance(document, cls):
            return document
        graph, problems = read(document)
        if graph is None:
            raise GraphError(problems)
        assert isinstance(graph, cls)
        return graph

    def node(self, node_id: str) -> Node:
        return self._by_id[node_id]

    def block(self, block_id: object) -> Block | None:
        return next((block for block in self.blocks if block.id == block_id), None)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._by_id

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "version": self.version,
            "name": self.name,
            "nodes": [node.to_json() for node in self.nodes],
            "outputs": [edge.to_json() for edge in self.outputs],
            "blocks": [block.to_json() for block in self.blocks],
            "layout": {key: {"x": at.x, "y": at.y} for key, at in self.layout.items()},
        }

    def normalized(self) -> Self:
        """The same graph with parameters in canonical form, defaults and positions of absent nodes dropped.

        Raises:
            ConfigError: If a node's type or parameters cannot be.
        """
        nodes = [
            node
            if node.type == BLOCK
            else node.model_copy(
                update={"type": LAYERS.canonical(node.type), "config": _canonical(node)}
            )
            for node in self.nodes
        ]
        layout = {key: at for key, at in self.layout.items() if key in self}
        blocks = [
            block.model_copy(update={"graph": block.graph.normalized()}) for block in self.blocks
        ]
        return self.model_copy(update={"nodes": nodes, "layout": layout, "blocks": blocks})

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the normalized graph without its name, its layout and the order of its nodes.

        The order of the Inputs stays: it is the order in which a model takes them.
        """
        document = self.normalized().to_json()
        inputs = [node for node in document["nodes"] if not node["inputs"]]
        others = [node for node in document["nodes"] if node["inputs"]]
        document["nodes"] = inputs + sorted(others, key=lambda node: str(node["id"]))
        meaning = {key: document[key] for key in document if key not in ("name", "layout")}
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def call_structure(node: Node) -> tuple[Any, Any]:
    """Arguments and keywords of a node's call, with slots for its inputs."""
    if node.call is None:
        return tuple(Slot(index) for index in range(len(node.inputs))), {}
    return tuple(decode(node.call["args"])), decode(node.call["kwargs"])


def _canonical(node: Node) -> dict[str, Any]:
    if node.shares is not None:
        return {}
    cls = LAYERS.get(node.type)
    defaults = cls.default_config()
    dumped = cls.dump(cls.parse(cls.bind((), node.config)))
    return {k: v for k, v in dumped.items() if k not in defaults or v != defaults[k]}


def read(document: object) -> tuple[Graph | None, list[Problem]]:
    """The graph, or every problem of the document's form."""
    if not isinstance(document, Mapping):
        return None, [
            Problem(
                "document",
                "error",
                Text(
                    f"A graph document is a JSON object, got {type(document).__name__}.",
                    f"图文档应为 JSON 对象，实际为 {type(document).__name__}。",
                ),
            )
        ]
    if (problem := _foreign(document)) is not None:
        return None, [problem]
    if _depth(document) > DEEPEST:
        return None, [
            Problem(
                "document",
                "error",
                Text(
                    f"Models stand inside each other more than {DEEPEST} deep.",
                    f"模型嵌套超过 {DEEPEST} 层。",
                ),
            )
        ]
    try:
        return Graph.model_validate(dict(document)), []
    except pydantic.ValidationError as error:
        return None, [_form_problem(document, fault) for fault in error.errors(include_url=False)]


def _depth(document: object, limit: int = DEEPEST + 1) -> int:
    """How many models stand inside each other; looks no deeper than the limit."""
    blocks = document.get("blocks") if isinstance(document, Mapping) else None
    if limit <= 1 or not isinstance(blocks, (list, tuple)):
        return 1
    inner = [b.get("graph") for b in blocks if isinstance(b, Mapping)]
    return 1 + max((_depth(graph, limit - 1) for graph in inner), default=0)


def _foreign(document: Mapping[Any, Any]) -> Problem | None:
    """A document of another kind or of a version this program does not know."""
    format_, version = document.get("format"), document.get("version")
    if format_ != FORMAT:
        return Problem(
            "document_format",
            "error",
            Text(
                f'This is not a graph document: "format" should be "{FORMAT}", got {format_!r}.',
                f"这不是图文档：“format”应为“{FORMAT}”，实际为 {format_!r}。",
            ),
            params={"format": FORMAT},
        )
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return Problem(
            "document_version",
            "error",
            Text(
                f'"version" of a graph document is a whole number from 1 on, got {version!r}.',
                f"图文档的“version”应为不小于 1 的整数，实际为 {version!r}。",
            ),
        )
    if version > VERSION:
        return Problem(
            "document_version",
            "error",
            Text(
                f"This graph document has version {version}; this program reads up to version {VERSION}. "
                "Open it with a newer Lamina.",
                f"该图文档的版本为 {version}，本程序最高支持版本 {VERSION}。请使用更新的 Lamina 打开。",
            ),
            params={"version": version, "supported": VERSION},
        )
    return None


def _form_problem(document: Mapping[Any, Any], fault: Any) -> Problem:
    """One fault of the document's form, with the node it is in."""
    location = list(fault["loc"])
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)[1:]
    node: str | None = None
    if location[:1] == ["nodes"] and len(location) > 1 and isinstance(location[1], int):
        raw = document["nodes"][location[1]]
        given = raw.get("id") if isinstance(raw, Mapping) else None
        node = given if isinstance(given, str) else None
    kind: str = fault["type"]
    given = repr(fault.get("input"))
    short = given if len(given) <= 80 else f"{given[:77]}..."
    if kind == "missing":
        en, zh = "is missing", "缺失"
    elif kind == "extra_forbidden":
        en, zh = "is not part of a graph document", "不属于图文档"
    elif kind == "string_pattern_mismatch":
        en = f"is {short}; ids start with a letter or _ and have up to 64 letters of any script, digits, emoji, _ or -"
        zh = f"为 {short}；id 须以文字、字母或 _ 开头，由最多 64 个文字、字母、数字、表情符号、_ 或 - 组成"
    elif kind == "too_long":
        words = in_plain_words(fault)
        en, zh = words.en, words.zh
    else:
        words = in_plain_words(fault)
        en, zh = f"cannot be {short}: it {words.en}", f"不能为 {short}：{words.zh}"
    return Problem(
        "document", "error", Text(f"{path} {en}.", f"{path} {zh}。"), node=node, field=path
    )
