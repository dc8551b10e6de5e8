"""Many small tasks on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def parallel(task: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[Any]:
    """The results of the tasks, in their order; each process computes with one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(task, arguments, chunksize=4)
