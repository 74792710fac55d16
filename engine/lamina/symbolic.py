"""Symbolic tensors: calling a layer on one records a node instead of computing.

A symbolic tensor knows its shape and which call of which layer made it; `lamina.graph` turns what hangs together
into a graph document.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lamina.calls import Slot, put_together, take_apart
from lamina.errors import ConfigError, ShapeError, WrongTypeError
from lamina.layer import LAYERS, Layer, Shape, TensorSpec, shape_text
from lamina.layer.calling import check_arity
from lamina.naming import safe_id, unique_name
from lamina.operation import Op, is_data
from lamina.text import Text


@dataclass(eq=False)
class Call:
    """One call of a layer: a node of a graph to be.

    Args:
        layer: The layer called.
        inputs: The tensors it was called on.
        structure: Arguments and keywords with slots for those tensors.
        number: 0 for the layer's first call; later ones share its weights.
        node_id: Id of the node in a graph.
        outputs: What it gives, in order.
    """

    layer: Layer
    inputs: tuple[SymbolicTensor, ...]
    structure: tuple[Any, Any]
    number: int
    node_id: str
    outputs: list[SymbolicTensor] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it has its tensors one by one as arguments, and nothing else."""
        args, kwargs = self.structure
        slots = tuple(Slot(index) for index in range(len(self.inputs)))
        return tuple(args) == slots and not kwargs


_ASK = Text(
    "build a Model and call predict to get some. Functions and layers of other libraries cannot take it",
    "请创建 Model 并调用 predict 得到数值；其他库的函数无法处理它",
)


class SymbolicTensor:
    """A tensor that stands for what a layer will give; made by hand, for data that enters.

    Args:
        shape: Sizes of the axes, the batch first, None for one of any size.
        dtype: Type of the elements.
        sparse: False: there are no sparse tensors here.
        ragged: False: there are no ragged tensors here.
        record_history: Taken for Keras' sake.
        name: Name of the input that it becomes in a model.

    >>> (SymbolicTensor((None, 3)) + 1).shape
    (None, 3)
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        del record_history
        for kind, wanted in (("sparse", sparse), ("ragged", ragged)):
            if wanted:
                raise ConfigError(
                    Text(
                        f"There are no {kind} tensors here; use {kind}=False and dense data.",
                        f"这里没有 {kind} 张量；请使用 {kind}=False 和稠密数据。",
                    ),
                    field=kind,
                )
        type_ = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
        self.spec = TensorSpec(tuple(shape), type_)
        self.index = 0
        self._call: Call | None = None
        self._given_name = name

    @classmethod
    def of(cls, spec: TensorSpec, call: Call, index: int = 0) -> SymbolicTensor:
        """What a call gives.

        Args:
            spec: Shape, type of the elements, and whether it carries a mask.
            call: The call that makes it.
            index: Which of the call's outputs it is.
        """
        made = cls(spec.shape, spec.dtype)
        made.spec, made._call, made.index = spec, call, index
        return made

    @property
    def call(self) -> Call:
        """The call that makes it; that of an Input for a tensor made by hand."""
        if self._call is None:
            entry = LAYERS.get("Input")(
                shape=self.shape[1:], dtype=self.dtype, name=self._given_name
            )
            self._call = Call(entry, (), ((), {}), 0, safe_id(entry.name), [self])
        return self._call

    @property
    def shape(self) -> Shape:
        return self.spec.shape

    @property
    def dtype(self) -> str:
        return self.spec.dtype

    @property
    def name(self) -> str:
        return f"{self.call.node_id}_{self.index}" if self.index else self.call.node_id

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def graph_call(self, layer: Layer, structure: tuple[Any, Any], leaves: Sequence[Any]) -> Any:
        """Record a call of `layer`; see `Layer.__call__`."""
        return call_layer(layer, leaves, structure=structure)

    def record_op(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """Record the op `name` with these arguments, some of which are symbolic."""
        leaves: list[Any] = []
        structure = take_apart((args, dict(kwargs)), leaves, is_data)
        return call_layer(Op(function, name, name=unique_name(name)), leaves, structure=structure)

    def __iter__(self) -> Any:
        raise self._no_values(
            Text(
                "it cannot be walked over. Take parts with x[:, 0] or ops.unstack",
                "不能遍历。请用 x[:, 0] 或 ops.unstack 取出各部分",
            )
        )

    def __bool__(self) -> bool:
        raise self._no_values(
            Text(
                "it is neither true nor false. Use ops.where or ops.cond",
                "无法判断真假。请使用 ops.where 或 ops.cond",
            )
        )

    def __len__(self) -> int:
        raise self._no_values(Text("it has no len. Read its shape", "没有 len。请读取其 shape"))

    def __float__(self) -> float:
        raise self._no_values(_ASK)

    @classmethod
    def __torch_function__(
        cls, function: Any, _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        leaves: list[Any] = []
        take_apart((args, kwargs or {}), leaves, lambda x: isinstance(x, cls))
        name = getattr(function, "__name__", str(function))
        raise leaves[0]._no_values(
            Text(
                f"torch's {name} cannot take it. Use a function of lamina.ops, or write it in the call of a layer of your "
                "own",
                f"torch 的 {name} 无法处理它。请使用 lamina.ops 中的函数，或写在自定义层的 call 中",
            )
        )

    def _no_values(self, problem: Text) -> WrongTypeError:
        return WrongTypeError(
            Text(
                f'"{self.name}" is symbolic, {shape_text(self.shape)} without values yet: {problem.en}.',
                f"“{self.name}”是符号张量，形状为 {shape_text(self.shape)}，尚无数值：{problem.zh}。",
            )
        )

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._no_values(_ASK)


def _of_spec(spec: TensorSpec) -> SymbolicTensor:
    return SymbolicTensor(spec.shape, spec.dtype)


Layer.symbolic = staticmethod(_of_spec)  # type: ignore[method-assign]


def _operator(op: str, *, swapped: bool = False) -> Any:
    """A Python operator that records the op of a name."""

    def apply(self: SymbolicTensor, *others: Any) -> Any:
        function = getattr(importlib.import_module("lamina.ops"), op)
        return function(*others, self) if swapped else function(self, *others)

    return apply


OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "mod", "pow": "power", "matmul": "matmul", "lt": "less", "le": "less_equal", "gt": "greater",
    "ge": "greater_equal", "neg": "negative", "abs": "absolute", "getitem": "get_item", "and": "logical_and",
    "or": "logical_or", "invert": "logical_not",
}  # fmt: skip
"""Python operators on symbolic tensors and the ops behind them."""
SWAPPED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
"""Those that are also asked of the right side, as `1 - x` is."""

for _name, _op in OPERATORS.items():
    setattr(SymbolicTensor, f"__{_name}__", _operator(_op))
for _name in SWAPPED:
    setattr(SymbolicTensor, f"__r{_name}__", _operator(OPERATORS[_name], swapped=True))


def call_layer(
    layer: Layer,
    inputs: Sequence[Any],
    node_id: str | None = None,
    structure: tuple[Any, Any] | None = None,
) -> Any:
    """Record one call: check the inputs, create the weights, give the symbolic output or outputs.

    Args:
        layer: The layer.
        inputs: Symbolic tensors.
        node_id: Id of the node; the layer's name, with a number for later calls, when left out.
        structure: Arguments and keywords with slots for the inputs; one after the other when left out.

    Raises:
        ConfigError: If the number or kind of inputs is wrong.
        ShapeError: If the shapes do not fit.
    """
    tensors = tuple(inputs)
    structure = structure or (tuple(Slot(index) for index in range(len(tensors))), {})
    for x in tensors:
        if not isinstance(x, SymbolicTensor):
            raise ConfigError(
                Text(
                    f'"{layer.name}" is called on symbolic tensors and on {type(x).__name__} at once; use one kind.',
                    f"“{layer.name}”同时收到符号张量和 {type(x).__name__}；请只用一种。",
                )
            )
    if not layer.uses_call:
        check_arity(layer, len(structure[0]))
    nest, specs = layer.outputs_for(structure, [x.spec for x in tensors])
    if not layer.uses_call:
        shapes = [tensors[slot.index].shape for slot in structure[0] if isinstance(slot, Slot)]
        if layer.built:
            _check_shared(layer, shapes)
        layer.make_weights(*shapes)
    number = layer.__dict__.setdefault("_calls", 0)
    layer.__dict__["_calls"] = number + 1
    own_id = safe_id(layer.name)
    node_id = node_id or (f"{own_id}__{number}" if number else own_id)
    call = Call(layer, tensors, structure, number, node_id)
    call.outputs.extend(SymbolicTensor.of(spec, call, index) for index, spec in enumerate(specs))
    layer.call_specs[node_id] = specs
    output = put_together(nest, call.outputs)
    if number == 0:
        layer.__dict__["output"] = output
        layer.__dict__["input"] = tensors[0] if len(tensors) == 1 else (list(tensors) or output)
    return output


def _check_shared(layer: Layer, shapes: Sequence[Shape]) -> None:
    """A layer used again must fit the weights it has."""
    needed = {weight.name: weight.shape for weight in layer.weights_for(*shapes)}
    for variable in layer.variables:
        if variable.name in needed and needed[variable.name] != variable.shape:
            raise ShapeError(
                Text(
                    f'"{layer.name}" was built for {shape_text(layer.built_for[0])} and cannot also take '
                    f"{shape_text(shapes[0])}: its {variable.name} would need another shape. Use a second layer.",
                    f"“{layer.name}”已按 {shape_text(layer.built_for[0])} 构建，无法再用于 {shape_text(shapes[0])}："
                    f"其 {variable.name} 需要不同的形状。请使用另一个层。",
                )
            )


def is_optional(like: Any) -> bool:
    """Whether an input of a model may be None."""
    return bool(getattr(like.call.layer, "optional", False))


def need_optional(like: Any) -> None:
    """Raise a `ConfigError` where an input may not be None."""
    if not is_optional(like):
        raise ConfigError(
            Text(
                f'The input "{like.name}" is not optional, but there is None for it. Give it values, or make it with '
                "Input(optional=True).",
                f"输入“{like.name}”不是可选的，却收到 None。请提供数据，或以 Input(optional=True) 创建。",
            )
        )
