"""What figures and pages read from a record, policy by policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.config import Motion, Policy, Question, stage

if TYPE_CHECKING:
    import xarray

Z = 1.959963984540054
"""Of 95 %."""


def recorded(tree: xarray.DataTree, motion: Motion) -> list[tuple[Policy, Any]]:
    """The policies of a record, and the dataset of each."""
    return [
        (policy, tree[name].dataset)
        for question in Question
        for policy in Policy
        if (name := stage(policy, question, motion)) in tree.children
    ]


def theory_of(tree: xarray.DataTree, policy: Policy, name: str) -> Any:
    """What theory says of a policy; None where it says nothing."""
    theory = tree["theory"].dataset
    at = np.flatnonzero(theory["policy"].values == list(Policy).index(policy))
    return theory[name].values[at[0]] if at.size else None


def interval(
    wrong: Float[np.ndarray, "R T"],
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """Share of the runs, and its 95 % interval (Wilson 1927)."""
    n, p = len(wrong), wrong.mean(axis=0)
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return p, np.maximum(centre - half, 0.0), centre + half


def differences(
    tree: xarray.DataTree, data: Any
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """Pulls, false selections less those of kg run by run, and half of the 95 % interval of the
    mean."""
    (kg,) = (d for p, d in recorded(tree, Motion.simulated) if p is Policy.kg)
    apart = data["false_selection"].values - kg["false_selection"].values
    there = ~np.isnan(apart).any(axis=0)
    apart = apart[:, there]
    error = Z * apart.std(axis=0) / np.sqrt(len(apart))
    return data["pull"].values[there], apart.mean(axis=0), error
