"""The softmax-linear losses of a job as tensors: soft labels, and the log of attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.softmax_linear import (
    Places,
    SoftmaxLinear,
    WholeColumns,
)
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget


def soft_loss(
    shares: Sequence[Float[np.ndarray, "V V"]], targets: Sequence[LinearTarget]
) -> SoftmaxLinear:
    """The feed-forward stage: a sample a token x, over all next tokens, taught ``shares``[:, x].

    Tokens without a continuation have no weight.
    """
    share = torch.from_numpy(np.stack(shares)).mT.contiguous()  # (R, token, class)
    mass = torch.from_numpy(np.stack([t.masses for t in targets]))
    inside = (share > 0) | (mass == 0)[..., None]
    runs, tokens, classes = share.shape
    return SoftmaxLinear(
        shape=(runs, classes, tokens),
        reader=WholeColumns(),
        log_copies=torch.zeros((), dtype=share.dtype).expand_as(share),
        target=share,
        log_weight=mass.log(),
        inside=inside,
        **_components(targets),
    )


def log_head_loss(batch: Batch, targets: Sequence[LinearTarget]) -> SoftmaxLinear:
    """The attention stage: a sample a sentence, its tokens, taught the optimal one.

    A sentence of one token is taught that.
    """
    runs, queries = batch.query_id.shape
    shape = runs, batch.vocab_size, queries
    targets = [widened(target, queries) for target in targets]
    reader = Places(batch.pairs, batch.token.shape, shape)
    component = torch.from_numpy(np.stack([t.component for t in targets])).to(batch.token.device)
    of_token = reader.read(component)
    of_label = torch.where(batch.optimal, of_token, -1).amax(-1, keepdim=True)
    real = ((batch.log_pi > -math.inf) & (batch.present.sum(-1) > 1))[..., None]
    target = torch.where(real, batch.optimal, batch.present).to(batch.log_pi)
    inside = torch.where(real, (of_token == of_label) & batch.present, batch.present)
    return SoftmaxLinear(
        shape=shape,
        reader=reader,
        log_copies=batch.log_copies,
        target=target,
        log_weight=batch.log_pi,
        inside=inside,
        **_components(targets),
    )


def widened(target: LinearTarget, columns: int) -> LinearTarget:
    """The target with columns that nothing is known of."""
    rows, own = target.component.shape
    more = [(0, 0), (0, columns - own)]
    component = np.pad(target.component, more)
    component[:, own:] = np.arange(rows * (columns - own)).reshape(rows, -1) + component.max() + 1
    finite, direction = (np.pad(x, more) for x in (target.finite, target.direction))
    return replace(target, component=component, finite=finite, direction=direction)


def _components(targets: Sequence[LinearTarget]) -> dict[str, torch.Tensor]:
    """Entries of components that have several, of all runs."""
    members: list[Int[np.ndarray, " m"]] = []
    groups: list[Int[np.ndarray, " m"]] = []
    finite: list[Float[np.ndarray, " m"]] = []
    first, sizes = 0, []
    for run, target in enumerate(targets):
        flat = target.component.ravel()
        often = np.bincount(flat)
        mine = np.flatnonzero(often[flat] > 1)
        _, group, size = np.unique(flat[mine], return_inverse=True, return_counts=True)
        members.append(mine + run * flat.size)
        groups.append(group + first)
        finite.append(target.finite.ravel()[mine])
        sizes.append(size)
        first += len(size)
    return {
        "members": torch.from_numpy(np.concatenate(members)),
        "group": torch.from_numpy(np.concatenate(groups)),
        "group_size": torch.from_numpy(np.concatenate(sizes)).to(torch.float64),
        "finite": torch.from_numpy(np.concatenate(finite)),
        "smoothness": torch.tensor([t.smoothness for t in targets], dtype=torch.float64),
    }
