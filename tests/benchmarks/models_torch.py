"""The same models as torch modules by hand, which give logits; images come channels first.

Kernels start as in Keras: glorot-uniform, biases zero. `tuned` chooses the form that a person who measures would
write; the other one is what tutorials show.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.workloads import Workload


def build(workload: Workload, *, tuned: bool) -> nn.Module:
    """The model of a workload."""
    model = MODELS[workload.model](workload.classes, tuned=tuned, **workload.options)
    for module in model.modules():
        _start_as_keras(module)
    return model


def _start_as_keras(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.uniform_(module.weight, -0.05, 0.05)
    elif isinstance(module, nn.MultiheadAttention):
        nn.init.xavier_uniform_(module.in_proj_weight)
    elif isinstance(module, nn.LSTM):
        nn.init.xavier_uniform_(module.weight_ih_l0)
        nn.init.orthogonal_(module.weight_hh_l0)
        nn.init.zeros_(module.bias_ih_l0)
        nn.init.zeros_(module.bias_hh_l0)
        with torch.no_grad():
            module.bias_ih_l0[module.hidden_size : 2 * module.hidden_size] = 1


class _PooledFirst(nn.Module):
    """relu behind the pooling, where there is a quarter to rectify; Flatten in channels-last order is a view."""

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 32, 3)
        self.hidden, self.out = nn.Linear(features, 128), nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.convolution(x), 2)).permute(0, 2, 3, 1).flatten(1)
        return self.out(F.relu(self.hidden(x)))  # type: ignore[no-any-return]


def _cnn(classes: int, *, tuned: bool, shape: tuple[int, int, int]) -> nn.Module:
    features = 32 * ((shape[0] - 2) // 2) * ((shape[1] - 2) // 2)
    if tuned:
        return _PooledFirst(classes, features)
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(features, 128),
        nn.ReLU(),
        nn.Linear(128, classes),
    )


def _mlp(classes: int, *, tuned: bool) -> nn.Module:
    return nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, classes)
    )


def _line(classes: int, *, tuned: bool) -> nn.Module:
    return nn.Linear(1, 1)


class _Lstm(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, classes)
        self.lstm.bias_hh_l0.requires_grad_(False)  # Keras has one bias, torch the sum of two

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.lstm(x)[0][:, -1])  # type: ignore[no-any-return]


def _lstm(classes: int, *, tuned: bool, length: int = 100) -> nn.Module:
    return _Lstm(classes)


def _norm(channels: int, eps: float = 1e-3) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=eps, momentum=0.01)


class _ResidualBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.first_norm, self.second_norm = _norm(outputs), _norm(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class _Residual(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3, 1, 1, bias=False), _norm(16)
        self.blocks = nn.Sequential(_ResidualBlock(16, 16, 1), _ResidualBlock(16, 32, 2))
        self.out = nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.norm(self.stem(x))))
        return self.out(x.mean((2, 3)))  # type: ignore[no-any-return]


def _residual(classes: int, *, tuned: bool, side: int = 32) -> nn.Module:
    return _Residual(classes)


class _Attention(nn.Module):
    """Self-attention by one product for queries, keys and values, and torch's fused kernel."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.project(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        return self.out(y.reshape(batch, length, width))  # type: ignore[no-any-return]


class _TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, *, tuned: bool) -> None:
        super().__init__()
        self.attention: nn.Module = (
            _Attention(width, heads)
            if tuned
            else nn.MultiheadAttention(width, heads, batch_first=True)
        )
        self.tuned = tuned
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-3) for _ in range(2))
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.attention(x) if self.tuned else self.attention(x, x, x, need_weights=False)[0]
        x = self.norms[0](x + y)
        return self.norms[1](x + self.down(F.relu(self.up(x))))  # type: ignore[no-any-return]


class _Transformer(nn.Module):
    def __init__(self, embedding: nn.Embedding, blocks: list[nn.Module], out: nn.Linear) -> None:
        super().__init__()
        self.embedding, self.blocks, self.out = embedding, nn.Sequential(*blocks), out

    def forward(self, tokens: Tensor) -> Tensor:
        return self.out(self.blocks(self.embedding(tokens)).mean(1))  # type: ignore[no-any-return]


def _transformer(
    classes: int,
    *,
    tuned: bool,
    depth: int = 1,
    width: int = 64,
    heads: int = 4,
    hidden: int = 128,
    length: int = 64,
    vocabulary: int = 1000,
) -> nn.Module:
    blocks: list[nn.Module] = [
        _TransformerBlock(width, heads, hidden, tuned=tuned) for _ in range(depth)
    ]
    return _Transformer(nn.Embedding(vocabulary, width), blocks, nn.Linear(width, classes))


class _Gru(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.gru, self.out = nn.GRU(32, 64, batch_first=True), nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.gru(x)[0][:, -1])  # type: ignore[no-any-return]


def _gru(classes: int, *, tuned: bool, length: int = 100) -> nn.Module:
    return _Gru(classes)


class _Waves(nn.Module):
    def __init__(self, classes: int, *, tuned: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(32, 64, 5), nn.Conv1d(64, 64, 5)
        self.out, self.tuned = nn.Linear(64, classes), tuned

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x.transpose(1, 2))
        x = F.relu(F.max_pool1d(x, 2)) if self.tuned else F.max_pool1d(F.relu(x), 2)
        x = self.second(x)
        x = F.relu(x.amax(2)) if self.tuned else F.relu(x).amax(2)
        return self.out(x)  # type: ignore[no-any-return]


def _waves(classes: int, *, tuned: bool, length: int = 100) -> nn.Module:
    return _Waves(classes, tuned=tuned)


class _Bag(nn.Module):
    def __init__(self, classes: int, vocabulary: int) -> None:
        super().__init__()
        self.embedding, self.hidden = nn.Embedding(vocabulary, 32), nn.Linear(32, 64)
        self.out = nn.Linear(64, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens).mean(1)
        return self.out(F.relu(self.hidden(x)))  # type: ignore[no-any-return]


def _bag(classes: int, *, tuned: bool, length: int = 200, vocabulary: int = 5000) -> nn.Module:
    return _Bag(classes, vocabulary)


def _deep(classes: int, *, tuned: bool, depth: int = 12) -> nn.Module:
    parts: list[nn.Module] = []
    for index in range(depth):
        parts += [
            nn.Linear(64 if index else 784, 64), nn.BatchNorm1d(64, eps=1e-3, momentum=0.01),
            nn.ReLU(), nn.Dropout(0.1),
        ]  # fmt: skip
    return nn.Sequential(*parts, nn.Linear(64, classes))


class _Vgg(nn.Module):
    """relu behind the pooling and features in channels-last order where tuned."""

    def __init__(self, classes: int, side: int, *, tuned: bool) -> None:
        super().__init__()
        sizes = ((3, 32), (32, 32), (32, 64), (64, 64))
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 3, 1, 1) for i, o in sizes)
        self.hidden, self.out = nn.Linear(64 * (side // 4) ** 2, 128), nn.Linear(128, classes)
        self.tuned = tuned

    def forward(self, x: Tensor) -> Tensor:
        for first in (0, 2):
            x = self.convolutions[first + 1](F.relu(self.convolutions[first](x)))
            x = F.relu(F.max_pool2d(x, 2)) if self.tuned else F.max_pool2d(F.relu(x), 2)
            x = F.dropout(x, 0.25, self.training)
        x = (x.permute(0, 2, 3, 1) if self.tuned else x).flatten(1)
        x = F.dropout(F.relu(self.hidden(x)), 0.5, self.training)
        return self.out(x)  # type: ignore[no-any-return]


def _vgg(classes: int, *, tuned: bool, side: int = 32) -> nn.Module:
    return _Vgg(classes, side, tuned=tuned)


class _Masked(nn.Module):
    """Knows that what is left out stands at the end: the state there is the last one that counts."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(1000, 32), nn.LSTM(32, 64, batch_first=True)
        self.out = nn.Linear(64, classes)
        self.lstm.bias_hh_l0.requires_grad_(False)  # Keras has one bias, torch the sum of two

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.lstm(self.embedding(tokens))[0]
        last = (tokens != 0).sum(1) - 1
        return self.out(x[torch.arange(len(x)), last])  # type: ignore[no-any-return]


def _masked(classes: int, *, tuned: bool, length: int = 80) -> nn.Module:
    return _Masked(classes)


def _mobile(classes: int, *, tuned: bool, side: int = 32) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), _norm(16), nn.ReLU6(),
        nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False), _norm(16), nn.ReLU6(),
        nn.Conv2d(16, 32, 1, bias=False), _norm(32), nn.ReLU6(),
        nn.Conv2d(32, 32, 3, 1, 1, groups=32, bias=False), _norm(32), nn.ReLU6(),
        nn.Conv2d(32, 64, 1, bias=False), _norm(64), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes),
    )  # fmt: skip


def _groups(classes: int, *, tuned: bool, side: int = 32) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, 1, 1), nn.GroupNorm(8, 32, 1e-3), nn.SiLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, 1, 1), nn.GroupNorm(8, 64, 1e-3), nn.SiLU(), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes),
    )  # fmt: skip


class _Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut, with the stride in the first one, as in Keras."""

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        sizes = (
            (inputs, filters, 1, stride),
            (filters, filters, 3, 1),
            (filters, 4 * filters, 1, 1),
        )
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, kernel, step, kernel // 2) for i, o, kernel, step in sizes
        )
        self.norms = nn.ModuleList(_norm(o, 1.001e-5) for _, o, _, _ in sizes)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != 4 * filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, 4 * filters, 1, stride), _norm(4 * filters, 1.001e-5)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for index, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            y = norm(convolution(y))
            y = F.relu(y) if index < 2 else y
        return F.relu(y + self.shortcut(x))


def _resnet50(classes: int, *, tuned: bool, side: int) -> nn.Module:
    blocks: list[nn.Module] = []
    inputs = 64
    for filters, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(count):
            blocks.append(_Bottleneck(inputs, filters, stride if index == 0 else 1))
            inputs = 4 * filters
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3), _norm(64, 1.001e-5), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, classes),
    )  # fmt: skip


MODELS: dict[str, Any] = {
    "cnn": _cnn,
    "mlp": _mlp,
    "line": _line,
    "lstm": _lstm,
    "residual": _residual,
    "transformer": _transformer,
    "gru": _gru,
    "waves": _waves,
    "bag": _bag,
    "deep": _deep,
    "vgg": _vgg,
    "own": _cnn,
    "masked": _masked,
    "mobile": _mobile,
    "groups": _groups,
    "resnet50": _resnet50,
}
