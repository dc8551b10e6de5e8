"""What a dynamics remembers, as named arrays whose first axis is the run, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.token_space import LogScaled
from ntp_dynamics.study import Saved


def save_step(step: int, runs: int) -> Int[np.ndarray, " R"]:
    """A number of steps: all runs have taken as many."""
    return np.full(runs, step, dtype=np.int64)


def save_tensor(x: Tensor) -> np.ndarray:
    """A copy."""
    return x.numpy(force=True).copy()


def load_tensor(like: Tensor, array: np.ndarray) -> Tensor:
    """A copy, where and of the kind that another tensor is."""
    if array.shape != tuple(like.shape):
        raise ValueError(f"saved by another phase: {array.shape} in place of {tuple(like.shape)}")
    return torch.from_numpy(array.copy()).to(like)


def save_rule(memory: Any, runs: int) -> Saved:
    """The memory of an update rule: None, an integer, a tensor (R, ...), a value with its
    log-scale, or a tuple or list of such."""
    return {
        f"rule.{i}": save_tensor(leaf) if isinstance(leaf, Tensor) else save_step(leaf, runs)
        for i, leaf in enumerate(leaves(memory))
    }


def load_rule(like: Any, saved: Saved) -> Any:
    """A memory of the same form as another."""
    arrays = iter([saved[f"rule.{i}"] for i, _ in enumerate(leaves(like))])

    def loaded(x: Any) -> Any:
        array = next(arrays)
        return load_tensor(x, array) if isinstance(x, Tensor) else int(array[0])

    return each_leaf(like, loaded)


def each_leaf(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Tuples and lists, with None and values with a log-scale in them, every leaf changed."""
    if tree is None:
        return None
    if isinstance(tree, LogScaled):
        return LogScaled(change(tree.value), change(tree.log_scale))
    if isinstance(tree, tuple | list):
        parts = [each_leaf(one, change) for one in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return change(tree)


def leaves(tree: Any) -> Iterator[Any]:
    """The numbers and tensors of such a tree, in order."""
    if isinstance(tree, LogScaled):
        yield from (tree.value, tree.log_scale)
    elif isinstance(tree, tuple | list):
        for one in tree:
            yield from leaves(one)
    elif tree is not None:
        yield tree


def save_arrays(kind: str, runs: Sequence[Any], names: Sequence[str]) -> Saved:
    """Some arrays of what each run has, filled up to the longest."""
    saved = {}
    for name in names:
        arrays = [getattr(run, name) for run in runs]
        whole = np.zeros((len(arrays), max(map(len, arrays))))
        for row, x in zip(whole, arrays, strict=True):
            row[: len(x)] = x
        saved[f"{kind}.{name}"] = whole
    return saved


def load_arrays(kind: str, runs: Sequence[Any], names: Sequence[str], saved: Saved) -> None:
    """Write such arrays back in place."""
    for name in names:
        for run, row in zip(runs, saved[f"{kind}.{name}"], strict=True):
            own = getattr(run, name)
            own[:] = row[: len(own)]
