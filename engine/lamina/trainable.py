"""What a network can do with data, under Keras' names: be compiled, trained, measured and asked."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast

import torch

from lamina import profiling
from lamina.calls import is_deep, is_tensor, put_together, take_apart
from lamina.errors import ConfigError, WrongTypeError
from lamina.layer.needs import without_row
from lamina.metrics.metric import Metric
from lamina.network import Network
from lamina.older_names import ARGUMENTS
from lamina.state_trees import set_from_tree, tree_of
from lamina.text import Text
from lamina.training import inference
from lamina.training.sources import unpack
from lamina.training.trainer import Trainer

P = ParamSpec("P")
R = TypeVar("R")


def _by_trainer(
    method: Callable[Concatenate[Trainer, P], R],
) -> Callable[Concatenate[Trainable, P], R]:
    """A method of the model that its trainer does, with the same arguments and help."""

    @functools.wraps(method)
    def call(self: Trainable, *args: P.args, **kwargs: P.kwargs) -> R:
        trainer = self.need_trainer(method.__name__)
        if args:
            args = (self.build_for(args[0]), *args[1:])  # type: ignore[assignment]
        else:
            kwargs["x"] = self.build_for(kwargs.get("x"))
        try:
            return method(trainer, *args, **kwargs)
        except TypeError as error:
            if (unknown := _unknown_argument(method, kwargs)) is not None:
                raise unknown from error
            raise
        except IndexError as error:
            raise without_row(self, error) from error

    return cast("Callable[Concatenate[Trainable, P], R]", call)


def _unknown_argument(
    method: Callable[..., Any], arguments: Mapping[str, Any]
) -> WrongTypeError | None:
    """The error for an argument that a method does not have; None where it has them all."""
    known = list(inspect.signature(method).parameters)[1:]
    name = next((name for name in arguments if name not in known), None)
    if name is None:
        return None
    advice = ARGUMENTS.get(name)
    if advice is None:
        close = difflib.get_close_matches(name, known)
        hint, hint_zh = " or ".join(close), "、".join(close)
        advice = Text(f"Did you mean {hint}?", f"是否指 {hint_zh}？") if close else Text("", "")
    called = method.__name__ if method.__name__ != "__init__" else "compile"
    return WrongTypeError(
        Text(
            f'{called} has no argument "{name}". {advice.en}'.rstrip(),
            f"{called} 没有参数“{name}”。{advice.zh}",
        ),
        field=name,
    )


def described_by(source: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a method the help of what does its work."""

    def describe(method: Callable[P, R]) -> Callable[P, R]:
        method.__doc__ = source.__doc__
        return method

    return describe


class Trainable(Network):
    """A network with Keras' training interface; `Model` says how it is made."""

    trainer: Trainer | None = None
    stop_training = False
    """Whether `fit` ends after this batch and the validation of its epoch."""
    stops_without_validation = False
    """Whether a `fit` that is stopped leaves the validation of the epoch out, to end at once."""
    stop_evaluating = False
    """Whether `evaluate` ends after this batch."""
    stop_predicting = False
    """Whether `predict` ends after this batch."""
    history: Any = None

    def build_for(self, x: Any) -> Any:
        """Make the weights for such data, where there are none yet; gives the data back."""
        return x

    @described_by(Trainer)
    def compile(self, *args: Any, **kwargs: Any) -> None:
        unknown = _unknown_argument(Trainer.__init__, kwargs)
        if unknown is not None:
            raise unknown
        self.__dict__["trainer"] = Trainer(self, *args, **kwargs)

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self.trainer is not None

    @property
    def compiled_with(self) -> Mapping[str, Any]:
        """What `compile` was given, by argument; nothing before."""
        return {} if self.trainer is None else self.trainer.arguments

    @property
    def run_eagerly(self) -> bool:
        return self.trainer is not None and bool(self.trainer.arguments["run_eagerly"])

    @property
    def jit_compile(self) -> bool:
        return self.trainer is not None and self.trainer.arguments["jit_compile"] is True

    @property
    def steps_per_execution(self) -> int:
        return 1 if self.trainer is None else int(self.trainer.arguments["steps_per_execution"])

    def need_trainer(self, wish: str = "train") -> Trainer:
        """The trainer.

        Raises:
            ConfigError: If the model is not compiled.
        """
        if self.trainer is None:
            raise ConfigError(
                Text(
                    f"Compile the model before {wish}: model.compile(optimizer, loss, metrics).",
                    f"请先编译模型再调用 {wish}：model.compile(optimizer, loss, metrics)。",
                )
            )
        return self.trainer

    fit = _by_trainer(Trainer.fit)
    evaluate = _by_trainer(Trainer.evaluate)
    train_on_batch = _by_trainer(Trainer.train_on_batch)
    test_on_batch = _by_trainer(Trainer.test_on_batch)

    @property
    def optimizer(self) -> Any:
        return None if self.trainer is None else self.trainer.optimizer

    @property
    def loss(self) -> Any:
        return None if self.trainer is None else self.trainer.loss

    @property
    def metrics(self) -> list[Any]:
        """The loss, the metrics given to `compile` as one, and those that are attributes of the model and its layers."""
        compiled = [] if self.trainer is None else self.trainer.metrics
        return [*compiled, *self.attached_metrics]

    @property
    def attached_metrics(self) -> list[Any]:
        """The metrics that are attributes of the model and its layers."""
        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        # The metrics of a model in this one belong to a training of its own.
        layers = (layer for layer in self.sublayers if not isinstance(layer, Trainable))
        return [*own, *(metric for layer in layers for metric in layer.metrics)]

    def has_own(self, step: str) -> bool:
        """Whether a subclass wrote this step, or what both steps use: `compute_loss`, `compute_metrics`."""
        cls = type(self)
        steps: tuple[str, ...] = (step,)
        if step != "predict_step":
            steps = (step, "compute_loss", "compute_metrics")
        return any(getattr(cls, name) is not getattr(Trainable, name) for name in steps)

    @property
    def _has_own_steps(self) -> bool:
        return self.has_own("train_step") or self.has_own("predict_step")

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on (x, y) or (x, y, sample_weight); gives the logs. To be overridden."""
        x, y, sample_weight = unpack(data)
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, **self._said_to_loss(training=True))
        self._count_loss(x, loss)
        self.optimizer.scale_loss(loss).backward()
        weights = self.trainable_weights
        with torch.no_grad():
            self.optimizer.apply([variable.value.grad for variable in weights], weights)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; gives the logs. To be overridden."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, **self._said_to_loss(training=False))
        self._count_loss(x, loss)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for x, (x,), (x, y) or (x, y, sample_weight). To be overridden."""
        return self(unpack(data)[0], training=False)

    def _said_to_loss(self, *, training: bool) -> dict[str, bool]:
        """`training` for a `compute_loss` that has a place for it; older ones have not."""
        takes = inspect.signature(self.compute_loss).parameters
        named = "training" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())
        return {"training": training} if named else {}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss of predictions, with what layers and weights add. To be overridden."""
        return self.need_trainer().own.compute_loss(y, y_pred, sample_weight)

    def _count_loss(self, x: Any, loss: Any) -> None:
        """Take a batch's loss into that of the epoch, in which each sample counts once."""
        leaves: list[Any] = []
        take_apart(x, leaves, is_tensor)
        self.need_trainer().own.tracker.running.add(loss.detach(), len(leaves[0]))

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Show a batch to the metrics given to `compile`, and give what all metrics say. To be overridden."""
        self.need_trainer().own.prepare(y, y_pred)
        for metric in self.metrics:
            if metric.name == "compile_metrics":
                metric.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What all metrics say, by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results.update(result if isinstance(result, dict) else {metric.name: result})
        return results

    def get_state_tree(
        self, value_format: Literal["backend_tensor", "numpy_array"] = "backend_tensor"
    ) -> dict[str, Any]:
        """The values of all variables by kind ("trainable_variables" …) and path, in dicts of dicts.

        Raises:
            ConfigError: If two variables have the same path.
        """
        return tree_of(self._state(), value_format)

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Set variables from such a tree, or from a part of one.

        Raises:
            ConfigError: For a kind that there is not.
        """
        set_from_tree(self._state(), state_tree)

    def _state(self) -> dict[str, list[Any]]:
        """All variables by kind, under Keras' names."""
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if self.optimizer is None else self.optimizer.variables,
            "metrics_variables": self.metrics_variables,
        }

    def reset_metrics(self) -> None:
        """Let all metrics forget what they saw."""
        for metric in self.metrics:
            metric.reset_state()
        if self.trainer is not None:
            self.trainer.own.tracker.reset_state()

    @property
    def metrics_names(self) -> list[str]:
        """Names of the `metrics`; those given to `compile` stand there as one, as in Keras 3."""
        return [str(metric.name) for metric in self.metrics]

    # --- use ---------------------------------------------------------------------------------------------------

    @described_by(inference.predict)
    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._in_nest(inference.predict(self, self.build_for(x), *args, **kwargs))
        except IndexError as error:
            raise without_row(self, error) from error

    @described_by(inference.predict_on_batch)
    def predict_on_batch(self, x: Any) -> Any:
        return self._in_nest(inference.predict_on_batch(self, self.build_for(x)))

    def _in_nest(self, outputs: Any) -> Any:
        """Outputs by name, or in lists and dicts, for a model that was made so."""
        if self.has_own("predict_step"):
            return outputs
        nest = self.__dict__["output_nest"]
        if not (isinstance(nest, (dict, tuple)) or is_deep(nest)):
            return outputs
        return put_together(nest, outputs if isinstance(outputs, (list, tuple)) else [outputs])

    @described_by(profiling.profile)
    def profile(
        self, x: Any = None, batch_size: int | None = None, seconds: float = 1.0
    ) -> profiling.Profile:
        return profiling.profile(self, x, batch_size, seconds)
