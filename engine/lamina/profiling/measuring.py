"""Measures one training step, layer by layer.

The layers run one after the other as in training, with a stop after each: forward in order, then backward in the
reverse order with the gradients that really arrive, so that caches hold what they hold in training. What each layer
gives is cut from what made it, which lets `backward` run one layer at a time. A median over several such passes is
taken. Weights, statistics and the random state are put back afterwards.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.graph.document import Node
from lamina.layer import Layer
from lamina.network import Network
from lamina.operation import Op
from lamina.plan.compiler import LayerByLayer
from lamina.profiling.limits import limits_of, now
from lamina.profiling.report import LayerCost, Profile
from lamina.text import Text
from lamina.training.sources import to_batch
from lamina.training.steps import mark_trainable
from lamina.variable import Variable

ASSUMED_SIZE = 32
"""Size of an axis whose size the model leaves open, when no data says it."""
FEWEST_PASSES = 3
MOST_PASSES = 30


@dataclass
class Step:
    """One node as it ran in one pass."""

    name: str
    layer: Layer
    given: list[Any]
    values: list[Any]
    cut: list[Any]
    forward_s: float
    backward_s: float = 0.0


@dataclass
class Recorder:
    """The steps of one pass."""

    device: torch.device
    steps: list[Step] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    def backward(self, outputs: Sequence[Any], gradients: Sequence[Tensor]) -> None:
        """Go back through the steps, from such gradients of the outputs."""
        for output, gradient in zip(outputs, gradients, strict=True):
            if isinstance(output, Tensor) and output.requires_grad:
                output.grad = gradient if output.grad is None else output.grad + gradient
        for step in reversed(self.steps):
            pairs = [
                (value, cut.grad)
                for value, cut in zip(step.values, step.cut, strict=True)
                if isinstance(value, Tensor) and value.requires_grad and cut.grad is not None
            ]
            if pairs:
                start = now(self.device)
                values, gradients_there = zip(*pairs, strict=True)
                torch.autograd.backward(values, gradients_there)
                step.backward_s = now(self.device) - start


class MeasuredNetwork(LayerByLayer):
    """Runs like the network, with a stop after each layer."""

    def recorded_by(self, recorder: Recorder) -> None:
        """Let this recorder, and no longer another one, see what runs."""
        for module in self.modules():
            if isinstance(module, MeasuredNetwork):
                module.__dict__["recorder"] = recorder

    def step(
        self, node: Node, given: list[Any], masks: list[Any]
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """As the network does it, and noted; a block's nodes are noted one by one."""
        recorder: Recorder = self.__dict__["recorder"]
        layer = self.by_node[node.id]
        if isinstance(self.part(node), MeasuredNetwork):
            recorder.blocks.append(node.id)
            results = super().step(node, given, masks)
            recorder.blocks.pop()
            return results
        start = now(recorder.device)
        values, found_masks, added = super().step(node, given, masks)
        seconds = now(recorder.device) - start
        cut = [_cut(value) for value in values]
        name = "/".join([*recorder.blocks, node.id])
        recorder.steps.append(Step(name, layer, given, values, cut, seconds))
        return cut, found_masks, added


def _cut(value: Any) -> Any:
    """The same values without what made them; they take a gradient when it can go on from there."""
    if not isinstance(value, Tensor):
        return value
    return value.detach().requires_grad_(value.requires_grad)


def profile(
    model: Network, x: Any = None, batch_size: int | None = None, seconds: float = 1.0
) -> Profile:
    """What one step of training costs, layer by layer.

    Every layer is run forward and backward as in training, and its time set against what the machine can compute and
    copy at most, which is measured once. The model stays as it is. The loss and the metrics are not in it.

    Args:
        model: The model, built; compiled where the update of the weights is to be measured.
        x: Samples, as for `fit`; random numbers when left out (zeros where the model takes whole numbers).
        batch_size: Samples of the step; 32, or all that `x` has below that, when left out.
        seconds: How long to measure, roughly.

    Returns:
        The `Profile`; print it for a table.

    Raises:
        ConfigError: If the model has no graph of layers to measure.

    >>> import lamina as keras
    >>> layers = [keras.Input((8,)), keras.layers.Dense(16, name="wide"), keras.layers.Dense(1)]
    >>> report = keras.Sequential(layers).profile(batch_size=4, seconds=0.01)
    >>> report.layers[0].name, report.layers[0].macs
    ('wide', 512)
    """
    if x is not None:
        model.build_for(x)
    _check_measurable(model)
    notes = list(_notes(model))
    mark_trainable(model, model.trainable_weights)
    with _left_as_it_is(model):
        inputs = _inputs(model, x, batch_size, notes)
        network = MeasuredNetwork(
            model.graph, model.layers_by_node, model.input_names, training=True
        )
        passes = _passes(network, inputs, model.device, seconds / 2)
        together = _together_s(model, inputs, seconds / 4)
        update = _update_s(model, seconds / 4)
    size = inputs[0].shape[0] if inputs else 0
    layers = _costs(model, passes, update)
    if update is None:
        notes.append(
            Text(
                "The model is not compiled, so the update of the weights is not in it.",
                "模型尚未编译，因此不包含权重更新。",
            )
        )
    return Profile(
        model=model.name,
        device=str(model.device),
        threads=torch.get_num_threads(),
        batch_size=size,
        limits=limits_of(model.device),
        layers=layers,
        update_ms=None if update is None else update * 1e3,
        together_ms=together * 1e3,
        notes=tuple(notes),
    )


# --- what there is to measure -------------------------------------------------------------------------------------


def _check_measurable(model: Network) -> None:
    if model.built:
        return
    if _has_own_step(model) and model.__dict__.get("inputs"):
        raise ConfigError(
            Text(
                f'"{model.name}" has a train_step and no call, so what it runs cannot be told. Profile the models in it.',
                f"“{model.name}”只有 train_step 而没有 call，无法得知它运行了什么。请分别分析其中的模型。",
            )
        )
    raise ConfigError(
        Text(
            f'"{model.name}" does not know the shape of its input yet. Give samples, profile(x), or begin it with Input(shape=…).',
            f"“{model.name}”还不知道输入的形状。请提供样本：profile(x)，或以 Input(shape=…) 开头。",
        ),
        field="x",
    )


def _has_own_step(model: Any) -> bool:
    return hasattr(model, "has_own") and bool(model.has_own("train_step"))


def _notes(model: Network) -> Iterator[Text]:
    """What stays outside of the figures."""
    if _has_own_step(model):
        yield Text(
            f'"{model.name}" has a train_step or compute_loss of its own: what that does besides running the layers '
            "forward and backward once is not measured.",
            f"“{model.name}”有自己的 train_step 或 compute_loss：除了各层前向和反向各一次之外，它所做的其他事情没有测量。",
        )
    for name, layer in model.layers_by_node.items():
        if layer.uses_call and layer.sublayers:
            yield Text(
                f'"{name}" ({type(layer).__name__}) has a call of its own: it is measured as one, not by the layers in it, '
                "and its arithmetic is not known.",
                f"“{name}”（{type(layer).__name__}）有自己的 call：作为整体测量，不细分其中的层，计算量未知。",
            )


def _inputs(
    model: Network, x: Any, batch_size: int | None, notes: list[Text]
) -> tuple[Tensor, ...]:
    """One batch."""
    if x is not None:
        given: tuple[Tensor, ...] = to_batch(model, x).inputs
        return tuple(tensor[: batch_size or ASSUMED_SIZE] for tensor in given)
    made = []
    for like in model.inputs:
        sizes = [size or ASSUMED_SIZE for size in like.shape[1:]]
        if None in like.shape[1:]:
            notes.append(
                Text(
                    f'The input "{like.name}" leaves sizes open; {ASSUMED_SIZE} was taken for each. Give samples to say them.',
                    f"输入“{like.name}”有未定的尺寸，均按 {ASSUMED_SIZE} 计算。可以提供样本来确定。",
                )
            )
        dtype: torch.dtype = getattr(torch, like.dtype)
        shape = (batch_size or ASSUMED_SIZE, *sizes)
        if dtype.is_floating_point:
            made.append(torch.randn(shape, dtype=dtype, device=model.device))
        else:
            made.append(torch.zeros(shape, dtype=dtype, device=model.device))
    return tuple(made)


@contextmanager
def _left_as_it_is(model: Network) -> Iterator[None]:
    """Put back weights, statistics, gradients and the random state."""
    tensors = [*model.parameters(), *model.buffers()]
    before = [tensor.detach().clone() for tensor in tensors]
    gradients = [tensor.grad for tensor in tensors]
    for tensor in tensors:
        tensor.grad = None
    cuda = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=cuda):
            yield
    finally:
        model.take_added_losses()
        with torch.no_grad():
            for tensor, values, gradient in zip(tensors, before, gradients, strict=True):
                tensor.copy_(values)
                tensor.grad = gradient


# --- measuring ----------------------------------------------------------------------------------------------------


def _passes(
    network: MeasuredNetwork, inputs: Sequence[Tensor], device: torch.device, seconds: float
) -> list[list[Step]]:
    """Several passes; the first one, which warms up, is left out. Only the last keeps its tensors."""
    passes: list[list[Step]] = []
    end = time.perf_counter() + seconds
    while len(passes) <= FEWEST_PASSES or (
        time.perf_counter() < end and len(passes) <= MOST_PASSES
    ):
        recorder = Recorder(device)
        network.recorded_by(recorder)
        network.zero_grad()
        outputs, _, _ = network.run(list(inputs))
        recorder.backward(outputs, [_gradient(output) for output in outputs])
        for before in passes[-1:]:
            for step in before:
                step.given, step.values, step.cut = [], [], []
        passes.append(recorder.steps)
    return passes[1:]


def _gradient(output: Any) -> Tensor:
    return torch.randn_like(output) if output.is_floating_point() else torch.zeros_like(output)


def _together_s(model: Network, inputs: Sequence[Tensor], seconds: float) -> float:
    """Forward and backward of the program that training runs."""
    program = model.program(training=True)

    def run() -> None:
        model.zero_grad()
        learning = [output for output in program(*inputs) if output.requires_grad]
        if learning:
            torch.autograd.backward(learning, [_gradient(output) for output in learning])

    return _median_s(run, model.device, seconds)


def _update_s(model: Network, seconds: float) -> float | None:
    """A step of an optimizer like the model's own, on copies of the weights."""
    trainer: Any = getattr(model, "trainer", None)
    if trainer is None or not model.trainable_weights:
        return None
    mine = trainer.optimizer
    fresh = type(mine).from_config(mine.get_config())
    stand_ins = [
        Variable(variable.value.detach().clone(), name=f"stand_in_{index}")
        for index, variable in enumerate(model.trainable_weights)
    ]
    fresh.build(stand_ins)

    def run() -> None:
        for stand_in in stand_ins:
            stand_in.value.grad = torch.full_like(stand_in.value, 1e-3)

    def update() -> None:
        fresh.step()

    return _median_s(update, model.device, seconds, before=run)


def _median_s(
    run: Callable[[], None],
    device: torch.device,
    seconds: float,
    before: Callable[[], None] = lambda: None,
) -> float:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) <= FEWEST_PASSES or (time.perf_counter() < end and len(taken) <= MOST_PASSES):
        before()
        start = now(device)
        run()
        taken.append(now(device) - start)
    return statistics.median(taken[1:])


# --- figures ------------------------------------------------------------------------------------------------------


def _costs(
    model: Network, passes: Sequence[Sequence[Step]], update: float | None
) -> tuple[LayerCost, ...]:
    medians = [
        (
            statistics.median(step.forward_s for step in steps),
            statistics.median(step.backward_s for step in steps),
        )
        for steps in zip(*passes, strict=True)
    ]
    total = sum(map(sum, medians)) + (update or 0.0)
    limits = limits_of(model.device)
    found = []
    for step, (forward, backward) in zip(passes[-1], medians, strict=True):
        macs = _macs(step)
        flops = None if macs is None else 2 * macs * (1 + _backward_products(step))
        moved = _bytes(step)
        taken = max(forward + backward, 1e-9)
        found.append(
            LayerCost(
                name=step.name,
                type=_type(step.layer),
                output_shape=tuple(step.values[0].shape),
                parameters=step.layer.count_params(),
                macs=macs,
                flops=flops,
                bytes=moved,
                forward_ms=forward * 1e3,
                backward_ms=backward * 1e3,
                share=(forward + backward) / total if total else 0.0,
                arithmetic_share=None if flops is None else flops / taken / limits.flops_per_s,
                memory_share=moved / taken / limits.bytes_per_s,
            )
        )
    return tuple(found)


def _type(layer: Layer) -> str:
    return layer.op if isinstance(layer, Op) else layer.type_name or type(layer).__name__


def _macs(step: Step) -> int | None:
    """By the layer's closed form; None for those that have none to give."""
    layer = step.layer
    if isinstance(layer, Op) or (layer.uses_call and type(layer).macs is Layer.macs):
        return None
    shapes = [tuple(tensor.shape) for tensor in step.given]
    output = tuple(step.values[0].shape)
    macs: int = layer.macs(shapes, output)
    return macs * int(output[0])


def _backward_products(step: Step) -> int:
    """How often the backward pass does the arithmetic of the forward pass: for the weights, and for the inputs."""
    to_weights = bool(step.layer.trainable_weights)
    to_inputs = any(tensor.requires_grad for tensor in _tensors(step.given))
    return to_weights + to_inputs


def _bytes(step: Step) -> int:
    """The least that must be read and written.

    A layer that gives another view of its input moves nothing; one that looks up rows by whole numbers reads those.
    """
    given, values = _tensors(step.given), _tensors(step.values)
    places = {tensor.untyped_storage().data_ptr() for tensor in given}
    weights = [variable.value for variable in step.layer.weights]
    if not weights and all(value.untyped_storage().data_ptr() in places for value in values):
        return 0
    written = sum(map(_size, values))
    looks_up = bool(given) and not any(tensor.is_floating_point() for tensor in given)
    read_weights = sum(map(_size, weights))
    read = sum(map(_size, given)) + (min(read_weights, written) if looks_up else read_weights)
    forward = read + written
    if not any(value.requires_grad for value in values):
        return forward
    learned = [variable.value for variable in step.layer.trainable_weights]
    gradients = [tensor for tensor in given if tensor.requires_grad]
    return forward + written + read + sum(map(_size, [*learned, *gradients]))


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    return [value for value in values if isinstance(value, Tensor)]


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
