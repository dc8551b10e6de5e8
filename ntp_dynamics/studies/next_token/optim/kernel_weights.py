"""The weights of kernels as tensors: where they come from, what training added, what is saved."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.coordinates import (
    Coordinates,
    attention_coordinates,
    feed_forward_coordinates,
)
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.iterate import Iterate
from ntp_dynamics.studies.next_token.model.layout import Laid
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.model.trained import Trained
from ntp_dynamics.studies.next_token.optim.memory import load_arrays, save_arrays
from ntp_dynamics.study import NonFinite, Saved

ITERATE = ("moved", "lost", "seen", "exponent", "mantissa", "scale", "length", "kept")
"""What of an `Iterate` its next step depends on."""
MEMORY = ("first", "second", "scale", "taken")
"""The same of its `Memory`."""


def score_coordinates(
    matrix: TokenMatrix | FullMatrix, run: int, laid: Laid, batch: Batch
) -> Coordinates | None:
    """Of the scores of one run; None where they are the weights."""
    if isinstance(matrix, TokenMatrix):
        return None
    return attention_coordinates(matrix, run, laid.pairs, batch.n_queries)


def logit_coordinates(matrix: TokenMatrix | FullMatrix, run: int) -> Coordinates | None:
    """Of the logits of one run; None where they are the weights."""
    return None if isinstance(matrix, TokenMatrix) else feed_forward_coordinates(matrix, run)


def moved_scores(
    iterates: Sequence[Iterate],
    pairs: Sequence[Int[np.ndarray, " P"]],
    matrix: TokenMatrix | FullMatrix,
) -> Float[Tensor, "R A B"]:
    """What training added to W_kq; ``pairs`` is where scores that occur stand, a run each."""
    if isinstance(matrix, FullMatrix):
        return _moved_weights(iterates, matrix)
    shape = matrix.start.shape
    moved = np.zeros((len(iterates), math.prod(shape[1:])))
    for run, (iterate, where) in enumerate(zip(iterates, pairs, strict=True)):
        moved[run, where] = iterate.moved[: len(where)]
    return torch.from_numpy(moved).view(*shape)


def moved_logits(
    iterates: Sequence[Iterate], matrix: TokenMatrix | FullMatrix, batch: Batch
) -> Float[Tensor, "R A B"]:
    """What training added to W_ov; coefficients of classes that stand together add up."""
    if isinstance(matrix, FullMatrix):
        return _moved_weights(iterates, matrix)
    v, c = batch.vocab_size, batch.label_size
    moved = np.stack([iterate.moved.reshape(v, -1)[:, :c].T for iterate in iterates])
    moved[:, -1] *= math.sqrt(max(batch.unused, 1))
    return torch.from_numpy(moved)


def _moved_weights(iterates: Sequence[Iterate], matrix: FullMatrix) -> Float[Tensor, "R D E"]:
    rows, width = matrix.weight.shape[1:]
    moved = [iterate.moved.reshape(width, -1)[:, :rows].T for iterate in iterates]
    return torch.from_numpy(np.ascontiguousarray(np.stack(moved)))


def save_iterates(
    kind: str, iterates: Sequence[Iterate], trained: Sequence[Trained | None]
) -> Saved:
    """What the next step of each run depends on."""
    memories = [one.memory for one in trained if one is not None]
    saved = save_arrays(kind, iterates, ITERATE)
    return saved | (save_arrays(f"{kind}.memory", memories, MEMORY) if memories else {})


def load_iterates(
    kind: str, iterates: Sequence[Iterate], trained: Sequence[Trained | None], saved: Saved
) -> None:
    """Write it back in place."""
    load_arrays(kind, iterates, ITERATE, saved)
    if memories := [one.memory for one in trained if one is not None]:
        load_arrays(f"{kind}.memory", memories, MEMORY, saved)


def check_memories(step: int, trained: Sequence[Trained | None]) -> None:
    """Raises NonFinite where what a rule remembers has a unit that is no number: it moves nothing
    then, and no measure shows it."""
    if any(one is not None and np.isnan(one.memory.scale).any() for one in trained):
        raise NonFinite(step, "what the rule remembers")


def kept_of(*iterates: Sequence[Iterate]) -> list[Float[Tensor, " R"]] | None:
    """What weight decay left of W_0, for the iterates of each matrix; None where there is none."""
    kept = [torch.from_numpy(np.array([one.kept[0] for one in runs])) for runs in iterates]
    return kept if any((x != 1.0).any() for x in kept) else None
