"""What `compile` was given as losses and their factors, spread over the nest of a model's outputs, as in Keras.

A loss stands for the output at its place. Where the outputs are in a list or a dict, a loss can also take all of them
at once: it then stands in a list of another kind than theirs, beside what is said of each.

    outputs {"a": (p, q), "b": r}   loss {"a": [together, ("mse", None)], "b": "mae"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.calls import Slot
from lamina.errors import ConfigError, WrongKeyError
from lamina.text import Text


@dataclass(frozen=True)
class Placed:
    """A loss at its place.

    Args:
        nest: The output that it takes, or the nest of outputs that it takes at once, as slots.
        loss: As it was given.
        weight: Its factor, likewise.
        path: The keys that lead there; of a list in the nest the number.
    """

    nest: Any
    loss: Any
    weight: Any
    path: tuple[str, ...]

    def log_name(self, names: Sequence[str]) -> str:
        """What the logs call it: its output, the keys that lead to its outputs, or the names of all of them."""
        if isinstance(self.nest, Slot):
            return names[self.nest.index]
        if self.path:
            return "/".join(self.path)
        is_dict = isinstance(self.nest, dict)
        parts = sorted(self.nest) if is_dict else [names[index] for index in slots_of(self.nest)]
        return "_".join(map(str, parts))


def place_losses(loss: Any, weights: Any, nest: Any, names: Sequence[str]) -> list[Placed]:
    """The losses of all outputs that have one.

    Args:
        loss: As given to `compile`.
        weights: `loss_weights`, likewise.
        nest: The model's outputs as slots.
        names: What targets call the outputs.

    Raises:
        ConfigError: If something is said of outputs that there are not.
    """
    loss, weights = (
        _by_output(x, nest, names, w) for x, w in ((loss, "loss"), (weights, "loss_weights"))
    )
    if is_one(loss):
        each = _all_alike(loss, nest)
        if is_one(weights):
            return [*_placed(each, _all_alike(weights, nest), nest, (), names)]
        loss = each
    elif weights is not None and is_one(weights):
        if not _is_single(loss):
            raise _one_weight_for_several(names, weights)
        weights = _all_alike(weights, loss)
    return [*_placed(loss, _weights_for(loss, weights, names), nest, (), names)]


def needs_tuples(loss: Any, nest: Any) -> bool:
    """Whether losses mean something else when every tuple in them, and of the outputs, becomes a list.

    A list of losses for the same outputs is told from one of losses for each by being another kind than theirs.
    """
    if is_one(loss) or isinstance(nest, Slot):
        return False
    if isinstance(loss, Mapping):
        within = nest if isinstance(nest, dict) else {}
        return any(needs_tuples(one, within[key]) for key, one in loss.items() if key in within)
    if all(map(is_one, loss)) and len(loss) == len(slots_of(nest)):
        return False
    if isinstance(nest, dict):
        return any(needs_tuples(one, nest) for one in loss)
    return not isinstance(nest, type(loss)) or any(map(needs_tuples, loss, nest))


def is_one(given: Any) -> bool:
    """Whether it is one entry and not one for each output."""
    if isinstance(given, Mapping):
        return bool({"class_name", "type"} & set(given))
    return not isinstance(given, (list, tuple))


def entries_of(given: Any) -> list[Any]:
    """The entries of a nest of losses or factors, one after the other."""
    if is_one(given):
        return [given]
    items = [given[key] for key in sorted(given)] if isinstance(given, Mapping) else given
    return [entry for item in items for entry in entries_of(item)]


def slots_of(nest: Any) -> list[int]:
    """The numbers of a nest's slots, in order."""
    if isinstance(nest, Slot):
        return [nest.index]
    items = nest.values() if isinstance(nest, dict) else nest
    return sorted(index for item in items for index in slots_of(item))


def _is_single(given: Any) -> bool:
    return len(entries_of(given)) == 1


def _by_output(given: Any, nest: Any, names: Sequence[str], what: str) -> Any:
    """A dict by the names of outputs in the nest of outputs, which have no such keys."""
    if is_one(given) or not isinstance(given, Mapping):
        return given
    if isinstance(nest, dict) and set(given) <= set(nest):
        return given
    if unknown := set(given) - set(names):
        raise unknown_outputs(what, unknown, [*nest] if isinstance(nest, dict) else names)
    return _with_leaves(nest, [given.get(name) for name in names])


def _with_leaves(nest: Any, values: Sequence[Any]) -> Any:
    """The nest with values in the place of its slots."""
    if isinstance(nest, Slot):
        return values[nest.index]
    if isinstance(nest, dict):
        return {key: _with_leaves(item, values) for key, item in nest.items()}
    items = [_with_leaves(item, values) for item in nest]
    return type(nest)(*items) if hasattr(nest, "_fields") else type(nest)(items)


def _all_alike(value: Any, nest: Any) -> Any:
    """The nest with one value in each place."""
    if isinstance(nest, Mapping) and (not nest or not is_one(nest)):
        return {key: _all_alike(value, item) for key, item in nest.items()}
    if isinstance(nest, (list, tuple)):
        items = [_all_alike(value, item) for item in nest]
        return type(nest)(*items) if hasattr(nest, "_fields") else type(nest)(items)
    return value


def _weights_for(loss: Any, weights: Any, names: Sequence[str]) -> Any:
    """The factors in the nest of the losses: given so, by some of the keys, or one after the other."""
    if weights is None or (is_one(loss) and is_one(weights)):
        return weights
    if isinstance(loss, Mapping) and isinstance(weights, Mapping) and not is_one(weights):
        return {key: _weights_for(one, weights.get(key), names) for key, one in loss.items()}
    is_list = not isinstance(loss, Mapping) and isinstance(weights, (list, tuple))
    if is_list and len(loss) == len(weights):
        return [_weights_for(*pair, names) for pair in zip(loss, weights, strict=True)]
    given, wanted = entries_of(weights), len(entries_of(loss))
    if len(given) != wanted:
        raise _other_count("loss_weights", names, len(given))
    rest = iter(given)
    return _mapped(lambda _: next(rest), loss)


def _mapped(function: Callable[[Any], Any], given: Any) -> Any:
    if is_one(given):
        return function(given)
    if isinstance(given, Mapping):
        return {key: _mapped(function, given[key]) for key in sorted(given)}
    return [_mapped(function, item) for item in given]


def _placed(
    loss: Any, weights: Any, nest: Any, path: tuple[str, ...], names: Sequence[str]
) -> Iterator[Placed]:
    if is_one(loss):
        if loss is not None:
            yield Placed(nest, loss, weights, path)
        return
    weights = _all_alike(None, loss) if weights is None else weights
    if isinstance(loss, (list, tuple)):
        slots = slots_of(nest)
        if len(loss) == len(slots) and all(map(is_one, loss)):  # one after the other
            for index, one, weight in zip(slots, loss, weights, strict=True):
                yield from _placed(one, weight, Slot(index), path, names)
            return
        if isinstance(nest, Slot) and not path and all(map(is_one, loss)):
            raise _other_count("loss", names, len(loss))
        if not isinstance(nest, type(loss)):  # several for the same outputs
            for one, weight in zip(loss, weights, strict=True):
                yield from _placed(one, weight, nest, path, names)
            return
        if len(loss) != len(nest):
            raise _other_count("loss", [names[index] for index in slots], len(loss))
        for number, (one, weight, part) in enumerate(zip(loss, weights, nest, strict=True)):
            yield from _placed(one, weight, part, (*path, str(number)), names)
        return
    if not isinstance(nest, dict) or not set(loss) <= set(nest):
        there = [*nest] if isinstance(nest, dict) else [names[index] for index in slots_of(nest)]
        raise unknown_outputs("loss", set(loss) - set(there) or set(loss), there)
    for key, one in loss.items():
        yield from _placed(one, weights.get(key), nest[key], (*path, str(key)), names)


def unknown_outputs(what: str, unknown: set[str], names: Sequence[str]) -> ConfigError:
    """What is wrong where something is said of outputs that there are not."""
    return WrongKeyError(
        Text(
            f"{what} names outputs that the model does not have: {', '.join(sorted(unknown))}. "
            f"It has {', '.join(names)}.",
            f"{what} 中的输出 {'、'.join(sorted(unknown))} 不存在。模型的输出：{'、'.join(names)}。",
        ),
        field=what,
    )


def _other_count(what: str, names: Sequence[str], count: int) -> ConfigError:
    return ConfigError(
        Text(
            f"{what} needs one entry for each output ({', '.join(names)}), got {count}.",
            f"{what} 应为每个输出（{'、'.join(names)}）各给一项，实际为 {count} 项。",
        ),
        field=what,
    )


def _one_weight_for_several(names: Sequence[str], given: Any) -> ConfigError:
    return ConfigError(
        Text(
            f"With one loss for each output ({', '.join(names)}) loss_weights needs a factor for each, got {given!r}.",
            f"每个输出（{'、'.join(names)}）各有损失时，loss_weights 也应各给一个系数；实际为 {given!r}。",
        ),
        field="loss_weights",
    )
