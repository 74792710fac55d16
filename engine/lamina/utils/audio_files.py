"""Sounds of a directory as batches."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lamina.errors import ConfigError, NotSupportedError
from lamina.text import Text
from lamina.utils.directories import Choices, LabelMode, Labels, Subset, batches_of_files

MOST_BYTES = 1 << 30
"""A file that holds more sound is refused."""


def audio_dataset_from_directory(
    directory: str | Path,
    labels: Labels = "inferred",
    label_mode: LabelMode = "int",
    class_names: list[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Subset = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """The `.wav` files in the folders of a directory as batches (batch, samples, channels), -1 to 1.

    What it gives goes into `fit`, which reads ahead of its steps. It has `class_names` and `file_paths`,
    `map` and `take`.

    Args:
        directory: Has one folder for each class, or just files where there are no labels.
        labels: "inferred" from the folders, None, or a class number for each file in alphabetical order.
        label_mode: "int" for numbers (batch,), "categorical" for one-hot rows, "binary" for zeros and ones
            (batch, 1), None for no labels.
        class_names: The folders to take, in the order of their numbers; all, sorted, when left out.
        batch_size: Sounds in a batch; None gives them one by one.
        sampling_rate: Samples in a second that all files must have; they are not resampled here.
        output_sequence_length: Samples that are kept of each sound; shorter ones end in zeros. When left
            out, the sounds of a batch get the length of its longest.
        ragged: Only False.
        shuffle: Whether each pass has an order of its own; otherwise they are sorted.
        seed: Decides the orders, and with `validation_split` which sounds go where.
        validation_split: Share of the sounds that is for validation.
        subset: "training", "validation", or "both" for a list of the two.
        follow_links: Whether to go into folders that are links.
        verbose: Whether to write how many sounds there are.

    Raises:
        NotSupportedError: If `ragged` is True.
        ConfigError: If an argument cannot be what it is, there are no sounds, or a file has another rate.
    """
    choices = Choices(
        "audio_dataset_from_directory", directory, (".wav",), labels, label_mode, class_names,
        batch_size, shuffle, seed, validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if ragged:
        raise NotSupportedError(
            Text(
                "audio_dataset_from_directory: torch has no ragged tensors. Use ragged=False, which "
                "fills shorter sounds with zeros, or output_sequence_length.",
                "audio_dataset_from_directory：torch 没有不规则张量。请使用 ragged=False（较短的声音补零）"
                "或 output_sequence_length。",
            )
        )
    if sampling_rate is not None and sampling_rate <= 0:
        raise choices.error("sampling_rate", f"must be a number above 0, got {sampling_rate!r}")

    def read(path: str) -> torch.Tensor:
        sound = torch.from_numpy(read_wav(path, sampling_rate))
        return sound if output_sequence_length is None else _fit(sound, output_sequence_length)

    def join(sounds: list[torch.Tensor]) -> torch.Tensor:
        longest = max(len(sound) for sound in sounds)
        return torch.stack([_fit(sound, longest) for sound in sounds])

    return batches_of_files(choices, read, join)


def _fit(sound: torch.Tensor, length: int) -> torch.Tensor:
    return torch.nn.functional.pad(sound[:length], (0, 0, 0, max(0, length - len(sound))))


def read_wav(path: str, rate: int | None = None) -> np.ndarray:
    """A `.wav` file of whole numbers as float32 (samples, channels), -1 to 1.

    Args:
        rate: Samples in a second that it must have; any when left out.

    Raises:
        ConfigError: If it cannot be read, or has another rate.
    """
    try:
        with wave.open(path, "rb") as file:
            width, channels, own_rate = (
                file.getsampwidth(), file.getnchannels(), file.getframerate(),
            )  # fmt: skip
            if file.getnframes() * width * channels > MOST_BYTES:
                raise _unreadable(path, f"it has more than {MOST_BYTES} bytes of sound")
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise _unreadable(path, str(error) or "it ends too early") from error
    if rate is not None and own_rate != rate:
        raise _unreadable(
            path, f"it has {own_rate} samples a second, not sampling_rate={rate}; resample it first"
        )
    return _numbers(data, width).reshape(-1, channels)


def _numbers(data: bytes, width: int) -> np.ndarray:
    if width == 1:  # the only one without a sign
        levels = np.frombuffer(data, np.uint8).astype(np.int64) - 128
    elif width == 3:
        whole = np.zeros((len(data) // 3, 4), np.uint8)
        whole[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)  # the high bytes of four
        levels = whole.view("<i4")[:, 0] >> 8
    else:
        levels = np.frombuffer(data, f"<i{width}")
    numbers: np.ndarray = levels.astype(np.float32) / np.float32(2 ** (8 * width - 1))
    return numbers


def _unreadable(path: str, why: str) -> ConfigError:
    return ConfigError(Text(f"{path} cannot be read: {why}.", f"无法读取 {path}：{why}。"))
