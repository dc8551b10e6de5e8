"""What several fields of a configuration get wrong together, and what a reader should know."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ntp_dynamics.studies.knowledge_gradient.config import (
    AVAILABLE,
    FileInstance,
    KnowledgeGradientConfig,
    Motion,
    Policy,
    Variance,
)
from ntp_dynamics.studies.knowledge_gradient.instance import bandit_of
from ntp_dynamics.system.errors import UserError, UserErrors, each

FEW = 300
"""Runs below which a note says what probability of false selection they cannot show."""


def mistakes(config: KnowledgeGradientConfig) -> list[UserError]:
    """Everything that forbids the job, but for what a file of arms says."""
    found = [*_policies(config), *_estimated(config)]
    if isinstance(config.instance, FileInstance):
        return found
    try:
        arms = bandit_of(config).arms
    except (UserError, UserErrors) as wrong:
        return [*found, *each(wrong)]
    return [*found, *too_short(config, arms)]


def too_short(config: KnowledgeGradientConfig, arms: int) -> Iterator[UserError]:
    """Budgets that end before the policy begins."""
    budgets = {Motion.simulated: ("budget", config.budget)}
    budgets[Motion.fluid] = "fluid_budget", config.fluid_budget
    for motion in config.motions:
        where, budget = budgets[motion]
        if budget < arms * config.n0:
            what = f"{budget} < k n0 = {arms * config.n0}"
            yield UserError(where, what, "use more pulls, or fewer at the start (n0)")


def notes(config: KnowledgeGradientConfig) -> list[str]:
    """What a reader of the verdicts should know."""
    if Motion.simulated in config.motions and config.runs < FEW:
        limit = 3 / config.runs
        return [f"runs: {config.runs} cannot show a PFS below {limit:.2g} (3/R)"]
    return []


def _policies(config: KnowledgeGradientConfig) -> Iterator[UserError]:
    names = [str(p) for p in AVAILABLE[config.problem]]
    if not config.policies:
        yield UserError("policies", "there is none", f"choose among {', '.join(names)}")
    for name in config.policies:
        if name not in set(Policy):
            near = get_close_matches(name, [str(p) for p in Policy], n=1, cutoff=0.0)[0]
            yield UserError("policies", f"{name!r} unknown", f"nearest {near!r}")
        elif name not in names:
            what = f"{name!r} is not defined for problem={config.problem}"
            yield UserError("policies", what, f"choose among {', '.join(names)}")
        elif config.policies.count(name) > 1:
            yield UserError("policies", f"{name!r} is named twice", "name each once")
            return
    custom = str(Policy.custom) in config.policies
    if custom and not config.policy_file:
        remedy = "name a Python file with choose(state, rng)"
        yield UserError("policy_file", "policies has custom", remedy)
    if config.policy_file and not custom:
        yield UserError("policy_file", "no policy uses it", "add custom to policies")


def _estimated(config: KnowledgeGradientConfig) -> Iterator[UserError]:
    if config.variance is Variance.plugin and config.n0 < 2:
        what = f"{config.n0} with variance=plugin needs n0 >= 2"
        yield UserError("n0", what, "a variance is estimated from two rewards at least")
