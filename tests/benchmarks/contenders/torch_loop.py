"""torch by hand. `tuned` is what a person who measures would write, `naive` what tutorials show.

Tuned means: data in memory or on the device and gathered by index, channels last, relu after the pooling, a fused
optimizer in one pass, no value read within an epoch, evaluation in large batches without gradients, freed memory kept.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import models_torch
from benchmarks.contenders import EpochEnded, Setting
from benchmarks.workloads import Array, Workload

EVALUATION_BATCH = 512


class Contender:
    """The loop."""

    def __init__(self, workload: Workload, setting: Setting, variant: str) -> None:
        self.workload, self.tuned = workload, variant == "tuned"
        self.device = torch.device(setting.device)
        self.precision = setting.precision
        prepare_torch(setting)
        if self.tuned:
            keep_freed_memory()
        torch.manual_seed(0)
        self.model = models_torch.build(workload, tuned=self.tuned).to(self.device)
        if self.tuned and is_image(workload):
            self.model.to(memory_format=torch.channels_last)
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = make_optimizer(workload, self.weights, fused=self.tuned)
        self.loss = loss_of(workload)

    def versions(self) -> str:
        return f"torch {torch.__version__}"

    def load(self, x: Array, y: Array) -> None:
        self.x, self.y = self._inputs(x), torch.from_numpy(y)
        if self.tuned:
            self.x, self.y = self.x.to(self.device), self.y.to(self.device)

    def _inputs(self, x: Array) -> Tensor:
        tensor = torch.from_numpy(x)
        if is_image(self.workload):
            tensor = tensor.permute(
                0, 3, 1, 2
            )  # of an array in Keras' layout: channels last already
            return tensor if self.tuned else tensor.contiguous()
        return tensor.long() if not tensor.is_floating_point() else tensor

    def first_step(self) -> None:
        rows = slice(self.workload.batch_size)
        self._epoch(self.x[rows], self.y[rows])

    def train(self, epoch_ended: EpochEnded) -> None:
        cut = self.workload.trained
        while True:
            scores = self._epoch(self.x[:cut], self.y[:cut])
            if cut < len(self.x):
                scores |= self._evaluate(self.x[cut:], self.y[cut:])
            epoch_ended(scores)

    def predict(self, x: Array) -> Array:
        self.model.eval()
        rows = []
        size = EVALUATION_BATCH if self.tuned else 32
        with torch.inference_mode() if self.tuned else torch.no_grad(), self._autocast():
            for inputs in self._inputs(x).split(size):
                outputs = self.model(inputs.to(self.device))
                rows.append(outputs.softmax(-1) if self.workload.classes else outputs)
        together: Array = torch.cat(rows).float().cpu().numpy()
        return together

    # --- an epoch -------------------------------------------------------------------------------------------------

    def _epoch(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        self.model.train()
        total = Total(self.workload, self.device, reads=not self.tuned)
        every = self.workload.accumulation
        for number, (inputs, targets) in enumerate(self._batches(x, y), 1):
            with self._autocast():
                outputs = self.model(inputs)
                loss = self.loss(outputs, targets)
            (loss / every if every > 1 else loss).backward()
            if number % every == 0:
                self.optimizer.step()
                self.optimizer.zero_grad()
            total.add(loss, outputs, targets)
        return total.scores()

    def _batches(self, x: Tensor, y: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
        size = self.workload.batch_size
        if self.tuned:
            for rows in torch.randperm(len(x), device=self.device).split(size):
                yield x.index_select(0, rows), y.index_select(0, rows)
        else:
            for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=size, shuffle=True):
                yield inputs.to(self.device), targets.to(self.device)

    def _evaluate(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        self.model.eval()
        total = Total(self.workload, self.device, reads=not self.tuned)
        size = EVALUATION_BATCH if self.tuned else self.workload.batch_size
        with torch.inference_mode() if self.tuned else torch.no_grad(), self._autocast():
            for inputs, targets in zip(x.split(size), y.split(size), strict=True):
                outputs, wanted = self.model(inputs.to(self.device)), targets.to(self.device)
                total.add(self.loss(outputs, wanted), outputs, wanted)
        return {f"val_{name}": value for name, value in total.scores().items()}

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision != "bf16":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


class Total:
    """Loss and accuracy of an epoch, kept on the device, or read at each batch as tutorials do."""

    def __init__(self, workload: Workload, device: torch.device, *, reads: bool) -> None:
        self.classifies, self.reads = bool(workload.classes), reads
        self.seen = 0
        self.loss: Any = 0.0 if reads else torch.zeros((), device=device)
        self.right: Any = 0 if reads else torch.zeros((), dtype=torch.long, device=device)

    def add(self, loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
        count = len(targets)
        self.seen += count
        value = loss.detach()
        self.loss += value.item() * count if self.reads else value * count
        if self.classifies:
            right = (outputs.detach().argmax(1) == targets.argmax(1)).sum()
            self.right += right.item() if self.reads else right

    def scores(self) -> dict[str, Any]:
        found = {"loss": self.loss / self.seen}
        if self.classifies:
            found["accuracy"] = self.right / self.seen
        return found


# --- parts that the other torch contenders use ------------------------------------------------------------------------


def is_image(workload: Workload) -> bool:
    """Whether torch wants the samples channels first."""
    return workload.model in ("cnn", "own", "residual", "vgg", "mobile", "groups", "resnet50")


def loss_of(workload: Workload) -> Any:
    return F.cross_entropy if workload.classes else F.mse_loss


def prepare_torch(setting: Setting) -> None:
    """Threads and precision of the whole process."""
    torch.set_num_threads(setting.threads)
    if setting.device == "cuda":
        torch.set_float32_matmul_precision("highest" if setting.precision == "float32" else "high")
        torch.backends.cudnn.allow_tf32 = setting.precision != "float32"


def keep_freed_memory() -> None:
    """Tell glibc not to give large blocks back at each step, which would have to be mapped and zeroed again."""
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 30)
        libc.mallopt(-1, (1 << 31) - 1)


def make_optimizer(workload: Workload, weights: Iterable[nn.Parameter], *, fused: bool) -> Any:
    """With Keras' constants."""
    rate = workload.learning_rate
    if workload.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate, fused=fused)
    if workload.optimizer == "adam":
        return torch.optim.Adam(weights, lr=rate, eps=1e-7, fused=fused)
    if fused:
        return RmspropInOnePass(weights, rate)
    return torch.optim.RMSprop(weights, lr=rate, alpha=0.9, eps=1e-7)


class RmspropInOnePass:
    """torch has no fused RMSprop; its fused Adam without momentum, long past the bias correction, is one."""

    def __init__(self, weights: Iterable[nn.Parameter], rate: float) -> None:
        self.weights, self.rate = list(weights), rate
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]
        self.steps = [torch.tensor(1e6, device=weight.device) for weight in self.weights]

    @torch.no_grad()
    def step(self) -> None:
        torch._fused_adam_(
            list(self._plain()), [weight.grad for weight in self.weights], self.means, self.squares, [], self.steps,
            lr=self.rate, beta1=0.0, beta2=0.9, weight_decay=0.0, eps=1e-7, amsgrad=False, maximize=False,
        )  # fmt: skip

    def _plain(self) -> Iterator[Tensor]:
        yield from self.weights

    def zero_grad(self) -> None:
        for weight in self.weights:
            weight.grad = None
