"""Paths of model files as users give them: what is there, and what is wrong with it where it is no model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lamina.errors import FileFormatError, MissingFileError, WrongTypeError
from lamina.text import Text

SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb")
"""Files by which TensorFlow's folders are known."""


def as_path(path: Any) -> Path:
    """The path that a user gave.

    Raises:
        WrongTypeError: If it is none.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise WrongTypeError(
            Text(
                f"The path of a file is a str or a Path, got {type(path).__name__}.",
                f"文件路径应为 str 或 Path，实际为 {type(path).__name__}。",
            ),
            field="filepath",
        )
    return Path(path).expanduser()


def existing(path: Any, example: str) -> Path:
    """The path of a file that is there.

    Args:
        path: As a user gave it.
        example: What a file's name looks like, for messages.

    Raises:
        MissingFileError: If there is nothing.
        FileFormatError: If it is a folder.
    """
    file = as_path(path)
    if file.is_dir():
        raise _no_folder(file, example)
    if not file.exists():
        if file.with_name(f"{file.name}.index").exists():
            raise FileFormatError(
                Text(
                    f"{path} is a checkpoint of TensorFlow, which cannot be read here. Load it in Keras 2 and save it "
                    f"there as {example}.",
                    f"{path} 是 TensorFlow 检查点，此处无法读取。请在 Keras 2 中加载并另存为 {example}。",
                )
            )
        raise MissingFileError(
            Text(
                f"There is no file {file.absolute()}. Check its name and its folder.",
                f"没有文件 {file.absolute()}。请检查文件名和所在文件夹。",
            )
        )
    return file


def need_place(path: Path) -> None:
    """Raise unless there is a folder that a file can be written to under this name."""
    if path.is_dir():
        raise FileFormatError(
            Text(
                f"{path} is a folder, so no file of this name can be written. Choose another name.",
                f"{path} 是文件夹，无法以此名称写入文件。请换一个名称。",
            )
        )
    if not path.parent.is_dir():
        raise MissingFileError(
            Text(
                f"{path} cannot be written: there is no folder {path.parent}. Make it first (os.makedirs).",
                f"无法写入 {path}：没有文件夹 {path.parent}。请先创建（os.makedirs）。",
            )
        )


def other_kind(path: Path) -> FileFormatError:
    """The error for a file that holds no model, by what it begins with."""
    if path.stat().st_size == 0:
        return FileFormatError(
            Text(
                f"{path} is empty: saving it was broken off. Save it again.",
                f"{path} 是空文件：保存时被中断。请重新保存。",
            )
        )
    return FileFormatError(
        Text(
            f"{path} is no .keras file and no .h5 file: it does not begin as one. Give a file that save or "
            "save_weights wrote.",
            f"{path} 既不是 .keras 文件也不是 .h5 文件：文件开头不符。请使用 save 或 save_weights 写出的文件。",
        )
    )


def _no_folder(path: Path, example: str) -> FileFormatError:
    if any((path / name).exists() for name in SAVED_MODEL):
        return FileFormatError(
            Text(
                f"{path} is a SavedModel of TensorFlow, which cannot be read here. Load it in Keras 2 and save it there "
                f"as {example}.",
                f"{path} 是 TensorFlow 的 SavedModel，此处无法读取。请在 Keras 2 中加载并另存为 {example}。",
            )
        )
    return FileFormatError(
        Text(
            f"{path} is a folder. Give the path of a file, such as {path / example}.",
            f"{path} 是文件夹。请给出文件路径，例如 {path / example}。",
        )
    )
