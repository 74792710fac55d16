"""The objects that a training document chooses, and the problems of those choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamina.callbacks.callback import CALLBACKS, Callback
from lamina.errors import ConfigError
from lamina.fields import MISSING, Declared
from lamina.losses.loss import LOSSES, Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY
from lamina.metrics.metric import METRICS, Metric
from lamina.naming import snake_case
from lamina.optimizers.optimizer import OPTIMIZERS, Optimizer
from lamina.problems import Fix, Problem
from lamina.registry import Registry
from lamina.text import Text
from lamina.training.document import Chosen, TrainingDocument


def make_loss(choice: Chosen) -> Loss | str:
    """A loss, or a name that the shapes decide about."""
    if choice.type.lower() in CROSSENTROPY:
        return choice.type
    return LOSSES.get(choice.type).from_config(choice.config)


def make_metric(choice: Chosen) -> Metric | str:
    """A metric; a name without parameters stays one, for it is also the name in the logs."""
    if not choice.config:
        return choice.type
    name = snake_case(
        METRICS.canonical(choice.type)
    )  # the same in every process, unlike a numbered one
    return METRICS.get(choice.type).from_config({"name": name, **choice.config})


def make_optimizer(choice: Chosen) -> Optimizer:
    """An optimizer with its parameters."""
    return OPTIMIZERS.get(choice.type).from_config(choice.config)


def make_callback(choice: Chosen) -> Callback:
    """A callback with its parameters."""
    return CALLBACKS.get(choice.type).from_config(choice.config)


def by_output(choices: Any) -> dict[str | None, Any]:
    """Choices by output id; None for one choice that stands for all outputs."""
    return dict(choices) if isinstance(choices, Mapping) else {None: choices}


def check_choices(document: TrainingDocument) -> Iterator[Problem]:
    """Problems of names and parameters, whatever the graph."""
    for output, choice in by_output(document.loss).items():
        path = "loss" if output is None else f"loss.{output}"
        if choice.type.lower() not in CROSSENTROPY:
            yield from _check(LOSSES, choice, path)
    for output, choices in by_output(document.metrics).items():
        for index, choice in enumerate(choices):
            path = f"metrics[{index}]" if output is None else f"metrics.{output}[{index}]"
            if choice.type.lower() not in (*ACCURACY, *CROSSENTROPY):
                yield from _check(METRICS, choice, path)
    yield from _check(OPTIMIZERS, document.optimizer, "optimizer")
    for index, choice in enumerate(document.callbacks):
        yield from _check(CALLBACKS, choice, f"callbacks[{index}]")


def _check(registry: Registry[Any], choice: Chosen, path: str) -> Iterator[Problem]:
    try:
        cls: type[Declared] = registry.get(choice.type)
    except ConfigError as error:
        fixes = [
            Fix(
                Text(f"Use {name}", f"改用 {name}"),
                "training",
                [replace(path, {"type": name, "config": choice.config} if choice.config else name)],
            )
            for name in registry.close_to(choice.type)
        ]
        yield Problem(error.code, "error", error.text, field=path, fixes=tuple(fixes))
        return
    given = {cls.aliases.get(name, name): name for name in choice.config}
    _, issues = cls.check_config({name: choice.config[old] for name, old in given.items()})
    for issue in issues:
        where = f"{path}.config.{given.get(issue.field, issue.field)}"
        yield Problem(
            issue.code,
            "error",
            _of(registry.canonical(choice.type), issue.for_form),
            field=where,
            params={"given": issue.given},
            fixes=tuple(_parameter_fixes(choice, path, given.get(issue.field, issue.field), issue)),
        )
    if not issues and (problem := _combination(cls, choice, path)) is not None:
        yield problem


def _of(owner: str, message: Text) -> Text:
    """A message about a field, with whose field it is."""
    return (
        message if owner in message.en else Text(f"{owner}: {message.en}", f"{owner}：{message.zh}")
    )


def _parameter_fixes(choice: Chosen, path: str, name: str, issue: Any) -> Iterator[Fix]:
    kept = {key: value for key, value in choice.config.items() if key != name}
    if issue.suggestion is not MISSING:
        value = {"type": choice.type, "config": {**kept, name: issue.suggestion}}
        label = Text(f"Set it to {issue.suggestion}", f"设为 {issue.suggestion}")
    elif name in choice.config:
        value = {"type": choice.type, "config": kept}
        label = Text("Leave it out", "去掉该参数")
    else:
        return
    yield Fix(label, "training", [replace(path, value)])


def _combination(cls: type[Declared], choice: Chosen, path: str) -> Problem | None:
    """Parameters that are each valid but not together."""
    try:
        cls.from_config(choice.config)
    except ConfigError as error:
        field = f"{path}.config.{error.field}" if error.field else path
        return Problem(error.code, "error", error.text, field=field)
    return None


def replace(path: str, value: Any) -> dict[str, Any]:
    """JSON Patch operation that sets a field of the document, given as "a.b[0].c"."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    return {"op": "replace", "path": pointer, "value": value}
