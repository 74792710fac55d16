"""Whether the data, the graph and the loss fit together: shapes, classes, the last activation, the metrics."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from lamina.datasets.catalogue import ClassTarget
from lamina.errors import ConfigError
from lamina.graph.document import Node
from lamina.layer import LAYERS
from lamina.layers.core.input import InputLayer
from lamina.losses.loss import LOSSES, Loss
from lamina.metrics.lookup import suiting
from lamina.problems import Fix, Problem
from lamina.text import Text
from lamina.training.choices import by_output, make_loss
from lamina.training.document import Chosen
from lamina.training.output_fitting import OutputFitting, Shape, Together, fits, shape_in_words
from lamina.training.preparing import check_preparation


@dataclass(frozen=True)
class Fitting(Together):
    """All problems of a graph, its training document and its data with one another."""

    def check(self) -> Iterator[Problem]:
        """Every problem between them. What the graph's own problems hide is left alone."""
        yield from self._inputs()
        yield from check_preparation(self)
        outputs = [edge.node for edge in self.graph.outputs]
        yield from self._output_names(outputs)
        if len(outputs) > 1:
            yield self._several_outputs(outputs)
        elif outputs and outputs[0] in self.report.nodes:
            yield from self._output(outputs[0])

    # --- inputs ---------------------------------------------------------------------------------------------------

    def _inputs(self) -> Iterator[Problem]:
        ids = [node.id for node in self.graph.nodes if self._is_input(node)]
        if len(ids) > 1:
            yield self._several_inputs(ids)
        elif ids and ids[0] in self.report.nodes:
            shape = self.report.nodes[ids[0]].output_shape
            if not fits(self.spec.input_shape, shape[1:]):
                yield self._wrong_input(ids[0], shape)

    def _is_input(self, node: Node) -> bool:
        layer = self.report.layers.get(node.id)
        return layer is not None and layer.ports.most_inputs == 0

    def _wrong_input(self, node: str, shape: Shape) -> Problem:
        want, got = shape_in_words(self.spec.input_shape), shape_in_words(shape[1:])
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
            fixes=(self._take_samples(node),),
        )

    def with_shape_of_data(self, problem: Problem) -> Problem:
        """The problem; of an Input's shape with the one fix that suits the data."""
        node = problem.node
        if problem.field != "shape" or node is None or node not in self.graph:
            return problem
        kind = self.graph.node(node).type
        if kind not in LAYERS or LAYERS.get(kind) is not InputLayer:
            return problem
        return dataclasses.replace(problem, fixes=(self._take_samples(node),))

    def _take_samples(self, node: str) -> Fix:
        """Give an input the shape of the data's samples."""
        want = shape_in_words(self.spec.input_shape)
        return Fix(
            Text(f"Set the input to {want}", f"将输入设为 {want}"),
            "graph",
            [self.set_parameter(node, "shape", list(self.spec.input_shape))],
        )

    def _several_inputs(self, ids: list[str]) -> Problem:
        names = ", ".join(ids)
        return Problem(
            "several_inputs",
            "error",
            Text(
                f"This model has {len(ids)} inputs ({names}), but {self.spec.title.en} gives data for one only. "
                "Remove the others, or train it in Python with data for each.",
                f"该模型有 {len(ids)} 个输入（{names}），但{self.spec.title.zh}只提供一个输入的数据。"
                "请删除其余的输入，或在 Python 中为每个输入提供数据进行训练。",
            ),
            node=ids[1],
            params={"nodes": ids},
        )

    def _several_outputs(self, ids: list[str]) -> Problem:
        names = ", ".join(ids)
        return Problem(
            "several_outputs",
            "error",
            Text(
                f"This model has {len(ids)} outputs ({names}), but {self.spec.title.en} gives targets for one only. "
                "Keep one of them as the output.",
                f"该模型有 {len(ids)} 个输出（{names}），但{self.spec.title.zh}只提供一个输出的目标。请只保留一个输出。",
            ),
            node=ids[1],
            params={"nodes": ids},
            fixes=tuple(
                Fix(
                    Text(f"Keep only {edge.node}", f"只保留 {edge.node}"),
                    "graph",
                    [{"op": "replace", "path": "/outputs", "value": [edge.to_json()]}],
                )
                for edge in self.graph.outputs
            ),
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
        check = OutputFitting(self, output, path, choices[name], loss)
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
