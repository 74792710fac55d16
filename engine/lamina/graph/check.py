"""Validation and shapes: every problem of a graph with its node and what to do, never only the first.

The pass goes from what a graph is made of (ids, types, links) to what its layers say (parameters, shapes, cost). A
node behind a faulty one gets no shape and no problem of its own: one cause, one message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lamina.calls import Slot
from lamina.errors import ConfigError, ShapeError
from lamina.graph import document
from lamina.graph.blocks import BlockLayer
from lamina.graph.document import BLOCK, Edge, Graph, Node, call_structure
from lamina.graph.fixes import Fixes, free_id
from lamina.graph.order import reachable, topological
from lamina.graph.report import NodeReport, Report
from lamina.layer import LAYERS, Layer, Shape, product
from lamina.layer.calling import check_arity
from lamina.problems import Fix, Problem
from lamina.text import Text

FLOAT_BYTES = 4
LIMIT_IN_KERAS = "limit_in_keras"
"""Code of the problem that Keras cannot use a model that Lamina can."""


GivenLayers = Mapping[str, "Layer | GivenLayers"]
"""Layers that a document cannot describe, by node id; of a block, those of the nodes in it."""


def check_graph(document_: object, given: GivenLayers | None = None) -> Report:
    """Check a graph document: its form, links, parameters and shapes. Never raises for a user's mistake.

    Args:
        document_: The document.
        given: Layers for nodes that the document only names: those that users wrote, and ops.
    """
    if isinstance(document_, Graph):
        graph: Graph | None = document_
        problems: list[Problem] = []
    else:
        graph, problems = document.read(document_)
    report = Report(problems=problems)
    if graph is None:
        return report
    report.problems.extend(_duplicate_ids(graph))
    if report.problems:
        return report  # ids are what everything below refers to
    _Pass(graph, report, given or {}).run()
    return report


def _duplicate_ids(graph: Graph) -> Iterator[Problem]:
    taken = {node.id for node in graph.nodes}
    seen: set[str] = set()
    for index, node in enumerate(graph.nodes):
        if node.id in seen:
            fresh = free_id(node.id, taken)
            taken.add(fresh)
            yield Problem(
                "duplicate_id",
                "error",
                Text(
                    f'Two layers have the name "{node.id}". Rename one of them, for example to {fresh}.',
                    f"有两个层的名称都是“{node.id}”。请将其中一个改名，例如改为 {fresh}。",
                ),
                node=node.id,
                params={"id": node.id},
                fixes=(
                    Fix(
                        Text(f"Call the second one {fresh}", f"将第二个改名为 {fresh}"),
                        "graph",
                        [{"op": "replace", "path": f"/nodes/{index}/id", "value": fresh}],
                    ),
                ),
            )
        seen.add(node.id)


class _Pass:
    """One walk over one graph; the state is the report it fills."""

    def __init__(self, graph: Graph, report: Report, given: GivenLayers) -> None:
        self.graph = graph
        self.report = report
        self.given = given
        self.index = {node.id: i for i, node in enumerate(graph.nodes)}
        self.sources = {node.id: [e.node for e in node.inputs] for node in graph.nodes}
        self.consumers: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
        for node in graph.nodes:
            for edge in node.inputs:
                if edge.node in self.consumers:
                    self.consumers[edge.node].append(node.id)
        self.fixes = Fixes(graph, self.consumers)
        self.one_short: dict[int, Node] = {}
        """Nodes that need one more input, by their problem; what fits is known when the shapes are."""

    def add(
        self,
        code: str,
        text: Text,
        node: str | None = None,
        *,
        severity: Any = "error",
        field: str | None = None,
        port: int | None = None,
        params: Mapping[str, Any] | None = None,
        fixes: Sequence[Fix] = (),
    ) -> None:
        self.report.problems.append(
            Problem(code, severity, text, node, field, port, dict(params or {}), tuple(fixes))
        )

    def run(self) -> None:
        ordered, on_cycle = topological(self.sources)
        self._cycles(on_cycle)
        configured = self._layers()
        linked = self._links(configured)
        self._ends()
        self.report.order = ordered
        for node_id in ordered:
            if node_id in linked:
                self._shape(self.graph.node(node_id))
        self._given_outputs()
        for index, node in self.one_short.items():
            fixes = tuple(self.fixes.connect(node, self.report))
            self.report.problems[index] = replace(self.report.problems[index], fixes=fixes)
        if len(configured) == len(self.graph.nodes) and not self.given:
            self.report.fingerprint = self.graph.fingerprint()

    # --- links -------------------------------------------------------------------------------------------------

    def _cycles(self, on_cycle: list[str]) -> None:
        """One problem for each cycle: its nodes, and a link to remove."""
        left = set(on_cycle)
        while left:
            start = next(node for node in on_cycle if node in left)
            ahead = reachable(self.sources[start], {k: self.sources[k] for k in left})
            behind = reachable(self.consumers[start], {k: self.consumers[k] for k in left})
            cycle = [node for node in on_cycle if node in ahead & behind]
            if start not in cycle:  # only downstream of a cycle
                left.discard(start)
                continue
            left -= set(cycle)
            entry = self.graph.node(cycle[0])
            port = next(i for i, e in enumerate(entry.inputs) if e.node in cycle)
            names = " → ".join([*cycle, cycle[0]])
            self.add(
                "cycle",
                Text(
                    f"These layers feed each other in a circle: {names}. Remove one of the links.",
                    f"这些层首尾相接形成了环：{names}。请删除其中一条连线。",
                ),
                cycle[0],
                port=port,
                params={"nodes": cycle},
                fixes=[self.fixes.remove_input(entry.id, port)],
            )

    def _links(self, configured: set[str]) -> set[str]:
        """Ids of the nodes whose inputs are all there; problems for the others."""
        fine: set[str] = set()
        for node in self.graph.nodes:
            faults = len(self.report.problems)
            for port, edge in enumerate(node.inputs):
                if edge.node not in self.graph:
                    self.add(
                        "dangling_input",
                        Text(
                            f'"{node.id}" takes its input from "{edge.node}", which is not in the graph. '
                            "Remove the link or connect another layer.",
                            f"“{node.id}”的输入来自“{edge.node}”，但图中没有该节点。请删除这条连线或改接其他层。",
                        ),
                        node.id,
                        port=port,
                        params={"source": edge.node},
                        fixes=[self.fixes.remove_input(node.id, port)],
                    )
                elif edge.output != 0 and not self._has_output(edge):
                    self._no_such_output(node, port)
            if node.id in configured:
                self._arity(node)
            if len(self.report.problems) == faults and node.id in configured:
                fine.add(node.id)
        return fine

    def _no_such_output(self, node: Node, port: int) -> None:
        edge = node.inputs[port]
        self.add(
            "no_such_output",
            Text(
                f'"{node.id}" takes output {edge.output} of "{edge.node}", which has only output 0.',
                f"“{node.id}”使用了“{edge.node}”的第 {edge.output} 个输出，但它只有输出 0。",
            ),
            node.id,
            port=port,
            fixes=[
                Fix(
                    Text("Take its output 0", "改用输出 0"),
                    "graph",
                    [
                        {
                            "op": "replace",
                            "path": f"/nodes/{self.index[node.id]}/inputs/{port}/output",
                            "value": 0,
                        }
                    ],
                )
            ],
        )

    def _has_output(self, edge: Edge) -> bool:
        layer = self.report.layers.get(edge.node)
        if layer is None:
            return False
        _, keywords = call_structure(self.graph.node(edge.node))
        return self._is_given(edge.node) or edge.output < layer.outputs_of_call(keywords)

    def _is_given(self, node_id: str) -> bool:
        """Whether the layer is a given one: how many tensors it gives is known when it has been tried."""
        return isinstance(self.given.get(self.graph.node(node_id).shares or node_id), Layer)

    def _arity(self, node: Node) -> None:
        layer = self.report.layers[node.id]
        if layer.uses_call:
            return  # its own code says what it takes
        count, least, most = len(node.inputs), layer.ports.least_inputs, layer.ports.most_inputs
        if node.call is not None:  # tensors among the keywords are no ports
            count = sum(isinstance(argument, Slot) for argument in call_structure(node)[0])
        try:
            check_arity(layer, count)
        except ConfigError as error:
            too_many = most is not None and count > most
            self.add(
                "too_many_inputs" if too_many else "missing_input",
                Text(
                    error.text.en + (" Remove a link." if too_many else " Connect a layer to it."),
                    error.text.zh + ("请删除多余的连线。" if too_many else "请把一个层连接到它。"),
                ),
                node.id,
                port=most if too_many else count,
                params={"inputs": count, "min": least, "max": most},
                fixes=[self.fixes.keep_inputs(node, most or 0)] if too_many else (),
            )
            if least - count == 1:
                self.one_short[len(self.report.problems) - 1] = node

    def _ends(self) -> None:
        """Inputs and outputs of the whole, and nodes that lead nowhere."""
        graph = self.graph
        if not graph.nodes:
            self.add(
                "empty_graph",
                Text(
                    "The model is empty. Add an Input and the layers that follow it.",
                    "模型为空。请先添加 Input，再添加后续的层。",
                ),
            )
            return
        if not any(
            node.type in LAYERS and LAYERS.get(node.type).ports.most_inputs == 0
            for node in graph.nodes
        ):
            self.add(
                "no_input",
                Text(
                    "The model has no Input, so no data can enter.",
                    "模型没有 Input，数据无法进入。",
                ),
            )
        sinks = [node.id for node in graph.nodes if not self.consumers[node.id]]
        if not graph.outputs:
            self.add(
                "no_output",
                Text(
                    "The model has no output. Say which layer gives its result.",
                    "模型没有输出。请指定由哪一层给出结果。",
                ),
                fixes=[
                    Fix(
                        Text(f"Use {sink} as the output", f"把 {sink} 作为输出"),
                        "graph",
                        [{"op": "replace", "path": "/outputs", "value": [{"node": sink}]}],
                    )
                    for sink in sinks[-1:]
                ],
            )
        for position, edge in enumerate(graph.outputs):
            if edge.node not in graph or (edge.output and not self._has_output(edge)):
                self._bad_output(position, edge)
            elif edge in graph.outputs[:position]:
                self._bad_output(position, edge, repeated=True)
        used = reachable([edge.node for edge in graph.outputs], self.sources)
        for node in graph.nodes if graph.outputs else ():
            if node.id not in used:
                self._unused(node, sinks)

    def _given_outputs(self) -> None:
        """Outputs of the whole that a given layer turned out not to have."""
        for position, edge in enumerate(self.graph.outputs):
            is_open = edge.node in self.report.nodes and self._is_given(edge.node)
            if is_open and edge.output >= len(self.report.nodes[edge.node].outputs):
                self._bad_output(position, edge)

    def _bad_output(self, position: int, edge: Edge, *, repeated: bool = False) -> None:
        """One that is not there, or, which works but is seldom meant, one that is there twice."""
        text = (
            Text(f'"{edge.node}" is listed as an output twice.', f"“{edge.node}”被重复列为输出。")
            if repeated
            else Text(
                f'The output "{edge.node}" is not in the graph.',
                f"图中没有作为输出的“{edge.node}”。",
            )
        )
        self.add(
            "bad_output",
            text,
            edge.node if edge.node in self.graph else None,
            severity="warning" if repeated else "error",
            field=f"outputs[{position}]",
            fixes=[
                Fix(
                    Text("Remove it from the outputs", "从输出中移除"),
                    "graph",
                    [{"op": "remove", "path": f"/outputs/{position}"}],
                )
            ],
        )

    def _unused(self, node: Node, sinks: list[str]) -> None:
        as_output = Fix(
            Text(f"Make {node.id} an output", f"把 {node.id} 设为输出"),
            "graph",
            [{"op": "add", "path": "/outputs/-", "value": {"node": node.id}}],
        )
        self.add(
            "unused_node",
            Text(
                f'Nothing that "{node.id}" computes reaches an output. Connect it or remove it.',
                f"“{node.id}”的计算结果没有到达任何输出。请连接或删除它。",
            ),
            node.id,
            severity="warning",
            fixes=[as_output] if node.id in sinks else [],
        )

    # --- parameters --------------------------------------------------------------------------------------------

    def _layers(self) -> set[str]:
        """Ids of the nodes whose type and parameters are valid; their layers are in the report."""
        for node in self.graph.nodes:
            given = self.given.get(node.id)
            if isinstance(given, Layer):
                self.report.layers[node.id] = given
            elif node.shares in self.given:
                continue
            elif node.type == BLOCK:
                if node.shares is None:
                    self._block(node)
            elif node.type not in LAYERS:
                self._unknown_type(node)
            elif node.shares is None:
                self._configure(node)
        for node in self.graph.nodes:
            if node.shares is not None and (
                node.type in LAYERS or node.type == BLOCK or node.shares in self.given
            ):
                self._share(node)
        return set(self.report.layers)

    def _block(self, node: Node) -> None:
        """The layer of a model inside the model, whose own problems are one problem of the node."""
        block = self.graph.block(node.config.get("block"))
        if block is None:
            self.add(
                "unknown_block",
                Text(
                    f'"{node.id}" stands for the block {node.config.get("block")!r}, which the document does not have.',
                    f"“{node.id}”引用了块 {node.config.get('block')!r}，但文档中没有它。",
                ),
                node.id,
                field="block",
            )
            return
        given = self.given.get(node.id, {})
        assert not isinstance(given, Layer)
        report = check_graph(block.graph, given)
        if report.errors:
            first = report.errors[0].message
            self.add(
                "bad_block",
                Text(
                    f'The model in "{node.id}" has problems: {first.en}',
                    f"“{node.id}”中的模型有问题：{first.zh}",
                ),
                node.id,
                field="block",
            )
            return
        self.report.layers[node.id] = BlockLayer(block, report, name=node.id)

    def _unknown_type(self, node: Node) -> None:
        try:
            LAYERS.get(node.type)
        except ConfigError as error:
            path = f"/nodes/{self.index[node.id]}/type"
            self.add(
                "unknown_layer",
                Text(f'"{node.id}": {error.text.en}', f"“{node.id}”：{error.text.zh}"),
                node.id,
                field="type",
                params={"type": node.type},
                fixes=[
                    Fix(
                        Text(f"Use {close}", f"使用 {close}"),
                        "graph",
                        [{"op": "replace", "path": path, "value": close}],
                    )
                    for close in LAYERS.close_to(node.type)
                ],
            )

    def _configure(self, node: Node) -> None:
        cls = LAYERS.get(node.type)
        _, issues = cls.check_config(cls.bind((), node.config))
        for issue in issues:
            self.add(
                issue.code,
                Text(f'"{node.id}": {issue.for_form.en}', f"“{node.id}”：{issue.for_form.zh}"),
                node.id,
                field=issue.field,
                params={"given": _plain(issue.given)},
                fixes=list(self.fixes.parameters(node, issue)),
            )
        if not issues:
            self.report.layers[node.id] = cls(**node.config, name=node.id)

    def _share(self, node: Node) -> None:
        assert node.shares is not None
        owner = self.graph.node(node.shares) if node.shares in self.graph else None
        if owner is None or owner.shares is not None or owner.type != node.type or node.config:
            self.add(
                "bad_share",
                Text(
                    f'"{node.id}" shares the layer of "{node.shares}", which must be a {node.type} with a layer of its '
                    f'own; and "{node.id}" must have no parameters of its own.',
                    f"“{node.id}”共享“{node.shares}”的层；后者必须是拥有自己的层的 {node.type}，且“{node.id}”不能有自己的参数。",
                ),
                node.id,
                field="shares",
            )
        elif owner.id in self.report.layers:
            self.report.layers[node.id] = self.report.layers[owner.id]

    # --- shapes ------------------------------------------------------------------------------------------------

    def _shape(self, node: Node) -> None:
        layer = self.report.layers[node.id]
        sources = [self.report.nodes.get(edge.node) for edge in node.inputs]
        known = [source for source in sources if source is not None]
        if len(known) < len(sources):
            return
        for port, (source, edge) in enumerate(zip(known, node.inputs, strict=True)):
            if edge.output >= len(source.outputs):
                self._no_such_output(node, port)
                return
        specs = [
            source.outputs[edge.output] for source, edge in zip(known, node.inputs, strict=True)
        ]
        structure = call_structure(node)
        shapes = [specs[slot.index].shape for slot in structure[0] if isinstance(slot, Slot)]
        try:
            _, outputs = layer.outputs_for(structure, specs)
            weights = list(layer.weights_for(*shapes)) if node.shares is None else []
        except ShapeError as error:
            self.add(
                "shape",
                error.text,
                node.id,
                field=error.field,
                port=error.port,
                params={"inputs": [list(shape) for shape in shapes]},
                fixes=[
                    *self.fixes.shapes(node, error),
                    *(self.fixes.equal_shapes(node, self.report) if error.wants_equal else ()),
                ],
            )
            return
        limit = layer.limit_in_keras(*shapes)
        if limit is not None:
            self.add(LIMIT_IN_KERAS, limit, node.id, severity="warning")
        sizes = [(product(weight.shape), weight.trainable) for weight in weights]
        layer.call_specs[node.id] = outputs
        output = outputs[0].shape
        self.report.nodes[node.id] = NodeReport(
            output_shape=output,
            dtype=outputs[0].dtype,
            parameters=sum(size for size, _ in sizes),
            trainable_parameters=sum(size for size, learns in sizes if learns and layer.trainable),
            macs=layer.macs([_of_one(shape) for shape in shapes], _of_one(output)),
            bytes=sum(product(spec.shape[1:]) for spec in outputs) * FLOAT_BYTES,
            outputs=tuple(outputs),
        )


def _of_one(shape: Shape) -> Shape:
    """A shape without the size of the batch."""
    return (None, *shape[1:])


def _plain(value: Any) -> Any:
    """A value as JSON can carry it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return repr(value)
