"""What can go wrong with saved models."""

from __future__ import annotations

from lamina.text import Text
from lamina_studio.errors import NotFound, PreconditionFailed, PreconditionRequired


class ModelNotFound(NotFound):
    """No model, or no version of it, has this id."""

    code = "model_not_found"
    title = Text("No such model", "没有此模型")

    def __init__(self, model_id: str, version: int | None = None) -> None:
        if version is None:
            detail = Text(f"There is no model {model_id}.", f"没有模型 {model_id}。")
        else:
            detail = Text(
                f"Model {model_id} has no version {version}.",
                f"模型 {model_id} 没有版本 {version}。",
            )
        super().__init__(detail)


class ModelChanged(PreconditionFailed):
    """Another version has been saved since the caller looked."""

    code = "model_changed"

    def __init__(self, model_id: str, current: int) -> None:
        super().__init__(
            Text(
                f"Model {model_id} is at version {current} by now. Load it and try again.",
                f"模型 {model_id} 现在是版本 {current}。请重新载入后再试。",
            ),
            extra={"version": current},
        )


class VersionRequired(PreconditionRequired):
    """A model is only replaced by someone who says which version."""

    code = "version_required"

    def __init__(self) -> None:
        super().__init__(
            Text(
                'Say which version is replaced: If-Match: "<version>".',
                '请指明要替换的版本：If-Match: "<version>"。',
            )
        )
