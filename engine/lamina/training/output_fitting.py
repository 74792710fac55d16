"""Whether one output fits its target, its loss and its metrics: shapes, classes, the last activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.datasets.catalogue import ClassTarget, DatasetSpec, ValueTarget
from lamina.errors import ConfigError
from lamina.graph.document import Graph
from lamina.graph.fixes import free_id
from lamina.graph.heads import Head, heads
from lamina.graph.report import Report
from lamina.losses.loss import Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY
from lamina.metrics.metric import METRICS
from lamina.naming import snake_case
from lamina.problems import Fix, Problem
from lamina.text import Text
from lamina.training.choices import by_output, make_metric, replace
from lamina.training.document import Chosen, TrainingDocument
from lamina.training.encoding import encode_targets

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Together:
    """A graph, its report, its training document and its data, looked at together."""

    graph: Graph
    report: Report
    document: TrainingDocument
    spec: DatasetSpec

    def set_parameter(self, node: str, field: str, value: Any) -> dict[str, Any]:
        """JSON Patch operation that sets a parameter of a node."""
        index = next(i for i, n in enumerate(self.graph.nodes) if n.id == node)
        return {"op": "add", "path": f"/nodes/{index}/config/{field}", "value": value}


@dataclass(frozen=True)
class OutputFitting:
    """One output against its target, its loss and its metrics."""

    together: Together
    output: str
    path: str
    choice: Chosen
    loss: Loss

    @property
    def shape(self) -> Shape:
        return self.together.report.nodes[self.output].output_shape

    @property
    def classes(self) -> int | None:
        target = self.together.spec.target
        return len(target.classes) if isinstance(target, ClassTarget) else None

    @property
    def loss_name(self) -> str:
        return snake_case(type(self.loss).__name__)

    # --- the target -----------------------------------------------------------------------------------------------

    def target(self) -> Iterator[Problem]:
        """Problems of the output and the loss with what is to be predicted."""
        target = self.together.spec.target
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
        title = self.together.spec.title
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
        if not fits(shape, self.shape[1:]):
            yield Problem(
                "output_shape",
                "error",
                Text(
                    f'{title.en} asks for {shape_in_words(shape)} per sample, but "{self.output}" gives {shape_in_words(self.shape[1:])}.',
                    f"{title.zh}每个样本的目标为 {shape_in_words(shape)}，但“{self.output}”输出 {shape_in_words(self.shape[1:])}。",
                ),
                node=self.output,
                fixes=self._resize(shape[-1]) if len(shape) == 1 else (),
            )

    def _no_sequence(self) -> Problem:
        title = self.together.spec.title
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
            title = self.together.spec.title
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
                    f'{self.loss_name} of two classes needs one output, but "{self.output}" gives {shape_in_words(self.shape[1:])}.',
                    f"二分类的 {self.loss_name} 需要 1 个输出，但“{self.output}”输出 {shape_in_words(self.shape[1:])}。",
                ),
                node=self.output,
                params={"classes": 2, "units": self.shape[-1]},
                fixes=self._resize(1),
            )

    def _classes_as_values(self) -> Iterator[Problem]:
        assert self.classes is not None
        title = self.together.spec.title
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
        title, units = self.together.spec.title, self.shape[-1]
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
        title = self.together.spec.title
        return Problem(
            "output_rank",
            "error",
            Text(
                f'{title.en} needs one row of {self.classes} outputs per sample, but "{self.output}" gives '
                f"{shape_in_words(self.shape[1:])}. Put a Flatten or a global pooling before the last layer.",
                f"{title.zh}的每个样本需要一行 {self.classes} 个输出，但“{self.output}”输出 {shape_in_words(self.shape[1:])}。"
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
        head = heads(self.together.graph, self.together.report.layers).get(self.output)
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
        layer = self.together.report.layers[self.output]
        if "activation" in layer.declared_fields:
            yield Fix(
                Text(
                    f"Set the activation of {self.output} to {wanted}",
                    f"将 {self.output} 的激活函数设为 {wanted}",
                ),
                "graph",
                [self.together.set_parameter(self.output, "activation", wanted)],
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
        choices = by_output(self.together.document.metrics)
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
        spec, shape = self.together.spec, [size or 2 for size in self.shape[1:]]
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
            layer = self.together.report.layers.get(node)
            if layer is not None and "units" in layer.declared_fields:
                return (
                    Fix(
                        Text(f"Give {node} {units} units", f"将 {node} 的 units 设为 {units}"),
                        "graph",
                        [self.together.set_parameter(node, "units", units)],
                    ),
                )
            node = self._single_source(node)
        return ()

    def _flatten_before(self, node: str) -> Fix:
        """Put a Flatten between a layer and what feeds it."""
        graph = self.together.graph
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
        inputs = self.together.graph.node(node).inputs
        nodes = self.together.report.nodes
        if len(inputs) != 1 or inputs[0].node not in nodes:
            return None
        source = inputs[0].node
        return source if nodes[source].output_shape == nodes[node].output_shape else None


def _stem(metric: str) -> str:
    """What a metric measures, without how its targets are given."""
    return metric.replace("Sparse", "").replace("Categorical", "").replace("Binary", "")


def fits(wanted: tuple[int, ...], given: Shape) -> bool:
    """Whether samples of one shape can stand where another is asked for."""
    return len(wanted) == len(given) and all(
        size is None or size == other for size, other in zip(given, wanted, strict=True)
    )


def shape_in_words(shape: Shape) -> str:
    """A shape as 28 × 28 × 1, as nodes show it."""
    return " × ".join("?" if size is None else str(size) for size in shape) or "1"
