"""Whether the data, the graph and the loss fit together: shapes, classes, the last activation, the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.datasets.catalogue import ClassTarget, DatasetSpec, ValueTarget
from lamina.errors import ConfigError
from lamina.graph.check import Report, free_id
from lamina.graph.document import Graph, Node
from lamina.graph.heads import Head, heads
from lamina.losses.loss import LOSSES, Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY, suiting
from lamina.metrics.metric import METRICS
from lamina.naming import snake_case
from lamina.problems import Fix, Problem
from lamina.text import Text
from lamina.training.choices import by_output, make_loss, make_metric, replace
from lamina.training.document import Chosen, TrainingDocument
from lamina.training.encoding import encode_targets

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Fitting:
    """A graph, its report, its training document and its data, looked at together."""

    graph: Graph
    report: Report
    document: TrainingDocument
    spec: DatasetSpec

    def check(self) -> Iterator[Problem]:
        """Every problem between them. What the graph's own problems hide is left alone."""
        yield from self._inputs()
        outputs = [edge.node for edge in self.graph.outputs]
        yield from self._output_names(outputs)
        if len(outputs) > 1:
            yield self._one_only("several_outputs", "outputs", "输出", outputs)
        elif outputs and outputs[0] in self.report.nodes:
            yield from self._output(outputs[0])

    # --- inputs ---------------------------------------------------------------------------------------------------

    def _inputs(self) -> Iterator[Problem]:
        ids = [node.id for node in self.graph.nodes if self._is_input(node)]
        if len(ids) > 1:
            yield self._one_only("several_inputs", "inputs", "输入", ids)
        elif ids and ids[0] in self.report.nodes:
            shape = self.report.nodes[ids[0]].output_shape
            if not _fits(self.spec.input_shape, shape[1:]):
                yield self._wrong_input(ids[0], shape)

    def _is_input(self, node: Node) -> bool:
        layer = self.report.layers.get(node.id)
        return layer is not None and layer.ports.most_inputs == 0

    def _wrong_input(self, node: str, shape: Shape) -> Problem:
        want, got = _text(self.spec.input_shape), _text(shape[1:])
        return Problem(
            "input_shape",
            "error",
            Text(
                f'{self.spec.title.en} has samples of {want}, but the input "{node}" takes {got}.',
                f"{self.spec.title.zh}的样本为 {want}，但输入“{node}”需要 {got}。",
            ),
            node=node,
            field="shape",
            params={"data": list(self.spec.input_shape), "input": list(shape[1:])},
            fixes=(
                Fix(
                    Text(f"Set the input to {want}", f"将输入设为 {want}"),
                    "graph",
                    [self._set(node, "shape", list(self.spec.input_shape))],
                ),
            ),
        )

    def _one_only(self, code: str, what: str, what_zh: str, ids: list[str]) -> Problem:
        names = ", ".join(ids)
        return Problem(
            code,
            "error",
            Text(
                f"{self.spec.title.en} is for models with one of its {what}, but this one has {len(ids)}: {names}.",
                f"{self.spec.title.zh}只适用于单{what_zh}模型，但该模型有 {len(ids)} 个：{names}。",
            ),
            node=ids[1],
            params={"nodes": ids},
        )

    # --- outputs --------------------------------------------------------------------------------------------------

    def _output_names(self, outputs: list[str]) -> Iterator[Problem]:
        for what, choices in (("loss", self.document.loss), ("metrics", self.document.metrics)):
            for name in by_output(choices):
                if name is not None and name not in outputs:
                    yield Problem(
                        "unknown_output",
                        "error",
                        Text(
                            f'{what} names the output "{name}", which the model does not have.',
                            f"{what} 中的输出“{name}”不存在。",
                        ),
                        field=f"{what}.{name}",
                        params={"outputs": outputs},
                    )

    def _output(self, output: str) -> Iterator[Problem]:
        choices = by_output(self.document.loss)
        name = None if None in choices else output
        if name not in choices:
            yield Problem(
                "missing_loss",
                "error",
                Text(f'The output "{output}" has no loss.', f"输出“{output}”没有损失函数。"),
                field="loss",
            )
            return
        path = "loss" if name is None else f"loss.{name}"
        loss = self._loss(choices[name], output)
        if loss is None:
            return  # an unknown name or bad parameters: said already
        check = _OutputCheck(self, output, path, choices[name], loss)
        yield from check.target()
        yield from check.output_activation()
        yield from check.metrics()

    def _loss(self, choice: Chosen, output: str) -> Loss | None:
        try:
            loss = make_loss(choice)
        except ConfigError:
            return None
        if isinstance(loss, Loss):
            return loss
        target: Shape = (None, 1) if isinstance(self.spec.target, ClassTarget) else (None, None)
        return LOSSES.get(suiting(loss, target, self.report.nodes[output].output_shape))()

    def _set(self, node: str, field: str, value: Any) -> dict[str, Any]:
        """JSON Patch operation that sets a parameter of a node."""
        index = next(i for i, n in enumerate(self.graph.nodes) if n.id == node)
        return {"op": "add", "path": f"/nodes/{index}/config/{field}", "value": value}


@dataclass(frozen=True)
class _OutputCheck:
    """One output against its target, its loss and its metrics."""

    fitting: Fitting
    output: str
    path: str
    choice: Chosen
    loss: Loss

    @property
    def shape(self) -> Shape:
        return self.fitting.report.nodes[self.output].output_shape

    @property
    def classes(self) -> int | None:
        target = self.fitting.spec.target
        return len(target.classes) if isinstance(target, ClassTarget) else None

    @property
    def loss_name(self) -> str:
        return snake_case(type(self.loss).__name__)

    # --- the target -----------------------------------------------------------------------------------------------

    def target(self) -> Iterator[Problem]:
        """Problems of the output and the loss with what is to be predicted."""
        target = self.fitting.spec.target
        if isinstance(target, ValueTarget):
            yield from self._values(target)
        elif self.loss.target == "sequence":
            yield self._no_sequence()
        elif self.loss.target == "binary":
            yield from self._yes_or_no()
        elif self.loss.target == "value":
            yield from self._classes_as_values()
        elif len(self.shape) != 2:
            yield self._wrong_rank()
        elif self.shape[-1] != self.classes:
            yield self._class_count()

    def _values(self, target: ValueTarget) -> Iterator[Problem]:
        title = self.fitting.spec.title
        if self.loss.target != "value":
            yield Problem(
                "target_is_no_class",
                "error",
                Text(
                    f"{self.loss_name} is for classes, but {title.en} asks for numbers.",
                    f"{self.loss_name} 用于分类，但{title.zh}的目标是数值。",
                ),
                field=self.path,
                fixes=(self._use("mean_squared_error"),),
            )
        shape = target.shape or (1,)
        if not _fits(shape, self.shape[1:]):
            yield Problem(
                "output_shape",
                "error",
                Text(
                    f'{title.en} asks for {_text(shape)} per sample, but "{self.output}" gives {_text(self.shape[1:])}.',
                    f"{title.zh}每个样本的目标为 {_text(shape)}，但“{self.output}”输出 {_text(self.shape[1:])}。",
                ),
                node=self.output,
                fixes=self._resize(shape[-1]) if len(shape) == 1 else (),
            )

    def _no_sequence(self) -> Problem:
        title = self.fitting.spec.title
        return Problem(
            "target_is_no_sequence",
            "error",
            Text(
                f"{self.loss_name} is for rows of labels, but {title.en} has one class per sample.",
                f"{self.loss_name} 用于标签序列，但{title.zh}的每个样本只有一个类别。",
            ),
            field=self.path,
            fixes=(self._use("categorical_crossentropy"),),
        )

    def _yes_or_no(self) -> Iterator[Problem]:
        assert self.classes is not None
        if self.classes != 2:
            title = self.fitting.spec.title
            yield Problem(
                "loss_for_two_classes",
                "error",
                Text(
                    f"{self.loss_name} is for yes or no, but {title.en} has {self.classes} classes. "
                    "Use categorical_crossentropy with a softmax.",
                    f"{self.loss_name} 用于二分类，但{title.zh}有 {self.classes} 个类别。"
                    "请使用 categorical_crossentropy 和 softmax。",
                ),
                field=self.path,
                params={"classes": self.classes},
                fixes=(self._use("categorical_crossentropy"),),
            )
        elif self.shape[-1] not in (1, 2) or len(self.shape) != 2:
            yield Problem(
                "class_count",
                "error",
                Text(
                    f'{self.loss_name} of two classes needs one output, but "{self.output}" gives {_text(self.shape[1:])}.',
                    f"二分类的 {self.loss_name} 需要 1 个输出，但“{self.output}”输出 {_text(self.shape[1:])}。",
                ),
                node=self.output,
                params={"classes": 2, "units": self.shape[-1]},
                fixes=self._resize(1),
            )

    def _classes_as_values(self) -> Iterator[Problem]:
        assert self.classes is not None
        title = self.fitting.spec.title
        if len(self.shape) == 2 and self.shape[-1] == self.classes:
            yield Problem(
                "loss_for_values",
                "warning",
                Text(
                    f"{self.loss_name} is for numbers; the {self.classes} classes of {title.en} are learned better "
                    "with categorical_crossentropy.",
                    f"{self.loss_name} 用于数值；{title.zh}的 {self.classes} 个类别用 categorical_crossentropy 学得更好。",
                ),
                field=self.path,
                fixes=(self._use("categorical_crossentropy"),),
            )
        else:
            yield self._class_count()

    def _class_count(self) -> Problem:
        assert self.classes is not None
        title, units = self.fitting.spec.title, self.shape[-1]
        return Problem(
            "class_count",
            "error",
            Text(
                f'{title.en} has {self.classes} classes, but "{self.output}" gives {units} outputs.',
                f"{title.zh}有 {self.classes} 个类别，但“{self.output}”有 {units} 个输出。",
            ),
            node=self.output,
            params={"classes": self.classes, "units": units},
            fixes=self._resize(self.classes),
        )

    def _wrong_rank(self) -> Problem:
        title = self.fitting.spec.title
        return Problem(
            "output_rank",
            "error",
            Text(
                f'{title.en} needs one row of {self.classes} outputs per sample, but "{self.output}" gives '
                f"{_text(self.shape[1:])}. Put a Flatten or a global pooling before the last layer.",
                f"{title.zh}的每个样本需要一行 {self.classes} 个输出，但“{self.output}”输出 {_text(self.shape[1:])}。"
                "请在最后一层之前加 Flatten 或全局池化。",
            ),
            node=self.output,
            params={"output": list(self.shape[1:])},
            fixes=(self._flatten_before(self.output),),
        )

    # --- the last activation --------------------------------------------------------------------------------------

    def output_activation(self) -> Iterator[Problem]:
        """A loss of probabilities needs the activation that gives them, or to be told that there is none."""
        wanted = self.loss.head
        if wanted is None:
            return
        head = heads(self.fitting.graph, self.fitting.report.layers).get(self.output)
        from_logits = bool(getattr(self.loss, "from_logits", False))
        has_head = head is not None and head.kind == wanted
        if has_head == (not from_logits):
            return
        if from_logits:
            yield Problem(
                "logits_after_head",
                "error",
                Text(
                    f'{self.loss_name} is told that it gets logits, but "{self.output}" ends in a {wanted}.',
                    f"{self.loss_name} 设为接收 logits，但“{self.output}”以 {wanted} 结尾。",
                ),
                node=self.output,
                field=f"{self.path}.config.from_logits",
                fixes=(self._from_logits(False),),
            )
            return
        ending = "no activation" if head is None or head.kind == "linear" else f"{head.kind}"
        ending_zh = "没有激活函数" if head is None or head.kind == "linear" else f"为 {head.kind}"
        yield Problem(
            "loss_needs_head",
            "error",
            Text(
                f'{self.loss_name} needs probabilities, but "{self.output}" ends with {ending}. '
                f"Make it {wanted}.",
                f"{self.loss_name} 需要概率，但“{self.output}”末尾{ending_zh}。请改为 {wanted}。",
            ),
            node=self.output,
            field=None if head is None else head.field,
            params={"head": wanted},
            fixes=tuple(self._head_fixes(wanted, head)),
        )

    def _head_fixes(self, wanted: str, head: Head | None) -> Iterator[Fix]:
        layer = self.fitting.report.layers[self.output]
        if "activation" in layer.declared_fields:
            yield Fix(
                Text(
                    f"Set the activation of {self.output} to {wanted}",
                    f"将 {self.output} 的激活函数设为 {wanted}",
                ),
                "graph",
                [self.fitting._set(self.output, "activation", wanted)],
            )
        if head is None or head.kind == "linear":
            yield self._from_logits(True)

    def _from_logits(self, value: bool) -> Fix:
        config = {**self.choice.config, "from_logits": value}
        if not value:
            config.pop("from_logits")
        label = (
            Text("Tell the loss that it gets logits", "告知损失函数接收 logits")
            if value
            else Text("Tell the loss that it gets probabilities", "告知损失函数接收概率")
        )
        return Fix(
            label, "training", [replace(self.path, {"type": self.choice.type, "config": config})]
        )

    # --- metrics --------------------------------------------------------------------------------------------------

    def metrics(self) -> Iterator[Problem]:
        """Metrics that want the targets in another form than the loss does."""
        choices = by_output(self.fitting.document.metrics)
        fits = not any(problem.severity == "error" for problem in self.target())
        for index, choice in enumerate(choices.get(None, choices.get(self.output, []))):
            path = f"metrics[{index}]" if None in choices else f"metrics.{self.output}[{index}]"
            if choice.type.lower() in (*ACCURACY, *CROSSENTROPY) or choice.type not in METRICS:
                continue
            wanted = METRICS.get(choice.type).target
            given = self._given_kind()
            if wanted is not None and wanted not in given:
                yield self._wrong_metric(choice, path, given)
            elif fits and (error := self._error_of(choice)) is not None:
                yield self._failing_metric(choice, path, error)

    def _given_kind(self) -> set[str]:
        """The kinds of target that the loss's own targets can pass for."""
        kinds: Mapping[str, set[str]] = {
            "one_hot": {"one_hot", "value", "binary"},
            "index": {"index"},
            "sequence": {"sequence"},
            "binary": {"binary", "value"},
            "value": {"value", "one_hot"} if self.classes == self.shape[-1] else {"value"},
        }
        return kinds[self.loss.target]

    def _error_of(self, choice: Chosen) -> str | None:
        """What a metric says to two samples of this data and this output."""
        try:
            metric = make_metric(choice)
            metric = METRICS.get(metric)() if isinstance(metric, str) else metric
        except ConfigError:
            return None  # said already
        spec, shape = self.fitting.spec, [size or 2 for size in self.shape[1:]]
        size = () if isinstance(spec.target, ClassTarget) else spec.target.shape
        y = encode_targets(np.zeros((2, *size)), spec, self.loss.target, self.shape[-1])
        try:
            metric.update_state(y, np.full((2, *shape), 0.5, "float32"))
            metric.read()
        except (ValueError, IndexError, RuntimeError) as error:
            return str(error)
        return None

    def _failing_metric(self, choice: Chosen, path: str, error: str) -> Problem:
        better = "accuracy" if self.classes is not None else "mean_absolute_error"
        return Problem(
            "metric_target",
            "error",
            Text(
                f'The metric "{choice.type}" cannot be measured with these parameters on what "{self.output}" gives: {error}',
                f"指标“{choice.type}”以当前参数无法用于“{self.output}”的输出：{error}",
            ),
            field=path,
            fixes=(
                Fix(Text(f"Use {better}", f"改用 {better}"), "training", [replace(path, better)]),
            ),
        )

    def _wrong_metric(self, choice: Chosen, path: str, given: set[str]) -> Problem:
        better = next(
            (
                name
                for name, cls in METRICS.items()
                if cls.target in given and _stem(name) == _stem(METRICS.canonical(choice.type))
            ),
            "accuracy" if self.classes is not None else "mean_absolute_error",
        )
        better = better if better == "accuracy" else snake_case(better)
        return Problem(
            "metric_target",
            "error",
            Text(
                f'The metric "{choice.type}" needs other targets than {self.loss_name} gives it. Use {better}.',
                f"指标“{choice.type}”需要的目标形式与 {self.loss_name} 不同。请改用 {better}。",
            ),
            field=path,
            fixes=(
                Fix(Text(f"Use {better}", f"改用 {better}"), "training", [replace(path, better)]),
            ),
        )

    # --- fixes ----------------------------------------------------------------------------------------------------

    def _use(self, loss: str) -> Fix:
        return Fix(Text(f"Use {loss}", f"改用 {loss}"), "training", [replace(self.path, loss)])

    def _resize(self, units: int) -> tuple[Fix, ...]:
        """Set the size of the layer that decides the output's last axis, where it can be told."""
        node: str | None = self.output
        while node is not None:
            layer = self.fitting.report.layers.get(node)
            if layer is not None and "units" in layer.declared_fields:
                return (
                    Fix(
                        Text(f"Give {node} {units} units", f"将 {node} 的 units 设为 {units}"),
                        "graph",
                        [self.fitting._set(node, "units", units)],
                    ),
                )
            node = self._single_source(node)
        return ()

    def _flatten_before(self, node: str) -> Fix:
        """Put a Flatten between a layer and what feeds it."""
        graph = self.fitting.graph
        fresh = free_id("flatten", {n.id for n in graph.nodes})
        index = next(i for i, n in enumerate(graph.nodes) if n.id == node)
        inputs = [edge.to_json() for edge in graph.nodes[index].inputs]
        flatten = {"id": fresh, "type": "Flatten", "config": {}, "inputs": inputs}
        return Fix(
            Text(f"Put a Flatten before {node}", f"在 {node} 之前加 Flatten"),
            "graph",
            [
                {"op": "add", "path": "/nodes/-", "value": flatten},
                {"op": "replace", "path": f"/nodes/{index}/inputs", "value": [{"node": fresh}]},
            ],
        )

    def _single_source(self, node: str) -> str | None:
        """The node before one that only maps elements."""
        inputs = self.fitting.graph.node(node).inputs
        nodes = self.fitting.report.nodes
        if len(inputs) != 1 or inputs[0].node not in nodes:
            return None
        source = inputs[0].node
        return source if nodes[source].output_shape == nodes[node].output_shape else None


def _stem(metric: str) -> str:
    """What a metric measures, without how its targets are given."""
    return metric.replace("Sparse", "").replace("Categorical", "").replace("Binary", "")


def _fits(wanted: tuple[int, ...], given: Shape) -> bool:
    return len(wanted) == len(given) and all(
        size is None or size == other for size, other in zip(given, wanted, strict=True)
    )


def _text(shape: Shape) -> str:
    return "×".join("?" if size is None else str(size) for size in shape) or "1"
