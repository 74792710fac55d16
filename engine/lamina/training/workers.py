"""Batches of a dataset read ahead by threads or processes, in their order."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from torch.utils.data import DataLoader


def read_in_order(dataset: Any, order: Iterable[int]) -> Iterator[Any]:
    """`dataset[i]` for each i of an order, as its `workers`, `use_multiprocessing` and `max_queue_size` say.

    One worker without multiprocessing reads in this thread, when a batch is asked for. Several threads read while
    the last batch is trained on, which helps where reading waits or leaves Python: files, decoding, numpy.
    Processes help where it computes in Python; they work on a copy of the dataset.

    Args:
        dataset: Anything with `dataset[i]`.
        order: May be endless.
    """
    workers = int(getattr(dataset, "workers", 1) or 0)
    ahead = max(int(getattr(dataset, "max_queue_size", 10) or 0), 1)
    if getattr(dataset, "use_multiprocessing", False) and workers > 0:
        return _by_processes(dataset, order, workers, ahead)
    if workers > 1:
        return _by_threads(dataset, order, workers, ahead)
    return (dataset[index] for index in order)


def _by_threads(dataset: Any, order: Iterable[int], workers: int, ahead: int) -> Iterator[Any]:
    indices = iter(order)
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers) as pool:

        def ask(count: int) -> None:
            waiting.extend(
                pool.submit(dataset.__getitem__, index)
                for index in itertools.islice(indices, count)
            )

        try:
            ask(ahead)
            while waiting:
                batch = waiting.popleft().result()
                ask(1)
                yield batch
        finally:  # also when the reader stops before the end
            pool.shutdown(cancel_futures=True)


def _by_processes(dataset: Any, order: Iterable[int], workers: int, ahead: int) -> Iterator[Any]:
    return iter(
        DataLoader(
            dataset,
            batch_size=None,
            sampler=order,
            num_workers=workers,
            prefetch_factor=-(-ahead // workers),
            collate_fn=_as_it_is,
        )
    )


def _as_it_is(batch: Any) -> Any:
    return batch
