"""What a job draws and solves before its first pull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.knowledge_gradient import plugin, rules
from ntp_dynamics.studies.knowledge_gradient.config import (
    KnowledgeGradientConfig,
    Motion,
    Policy,
    Question,
    stage,
)
from ntp_dynamics.studies.knowledge_gradient.instance import STORED, Bandit
from ntp_dynamics.studies.knowledge_gradient.race import Entry, octaves, started
from ntp_dynamics.studies.knowledge_gradient.reference import Reference
from ntp_dynamics.study import Outline, Phase

if TYPE_CHECKING:
    import xarray

SOURCE = "derived"


@dataclass(frozen=True)
class Bandits:
    """`study.Problem`: the arms, what is known of them, and the policy of the user's own."""

    config: KnowledgeGradientConfig
    reference: Reference
    choose: plugin.Choose | None = None
    disk: int = 0
    recorded: frozenset[str] = frozenset()
    """Phases that claims can be about."""

    @property
    def bandit(self) -> Bandit:
        """The arms."""
        return self.reference.bandit

    @property
    def known(self) -> Bandits:
        """Claims read the problem itself."""
        return self

    @property
    def axes(self) -> Mapping[str, int]:
        return {"run": self.config.runs, "arm": self.bandit.arms, "octave": 3}

    @property
    def memory(self) -> float:
        """Bytes: what a phase holds, and the record twice."""
        numbers = self.config.runs * (self.bandit.mean.size * 4 + self.bandit.arms * 4 + 512)
        return 8.0 * numbers + 2.0 * self.disk

    def files(self) -> Mapping[str, str]:
        """The arms."""
        return {STORED: self.bandit.to_json()}

    def notes(self) -> Sequence[str]:
        return rules.notes(self.config)

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """The arms, and rates and shares by policy: what figures and pages draw beside a record."""
        import xarray

        arms = np.arange(self.bandit.arms)
        flat = self.bandit.problem is not Question.feasible
        dims = ("arm",) if flat else ("arm", "measure")
        first = self.bandit.mu if flat else self.bandit.mean
        second = self.bandit.v if flat else self.bandit.variance
        reference, best = self.reference, self.reference.optimum
        known = [p for p in self.config.ordered if p in reference.shares]
        theory: dict[str, Any] = {
            "mean": (dims, first, said("mean of a reward")),
            "variance": (dims, second, said("variance of a reward")),
            "gamma": ((), best.rate, said("Gamma*", "1 / pull", SOURCE)),
            "gamma_upper": ((), best.upper, said("its dual bound", "1 / pull", SOURCE)),
            "optimal_share": ("arm", best.shares, said("w*", source=SOURCE)),
            "dual": ("arm", best.dual, said("lambda of the certificate", source=SOURCE)),
            "ratio": ("policy", [reference.ratio(p) for p in known], said("Gamma/Gamma*")),
            "expected_share": (
                ("policy", "arm"),
                np.array([reference.shares[p] for p in known]).reshape(-1, len(arms)),
                said("share that a policy tends to", source=SOURCE),
            ),
        }
        if flat and self.bandit.problem is Question.bai:
            n = np.unique(np.geomspace(len(arms), self.config.budget, 80).astype(int))
            exact = reference.exact_equal(n)
            theory["exact_n"] = ("exact_n", n)
            theory["exact_equal"] = ("exact_n", exact, said("exact PFS of equal allocation"))
        if self.bandit.problem is Question.eps_good:
            found = reference.set_optimum
            theory["set_gamma"] = ((), found.rate, said("best rate of the exact set", "1 / pull"))
            theory["set_gamma_upper"] = ((), found.upper, said("its upper bound", "1 / pull"))
            theory["set_share"] = ("arm", found.shares, said("the shares that have it"))
        numbers = [list(Policy).index(p) for p in known]
        words = said(", ".join(f"{i} {p}" for i, p in enumerate(Policy)), source="configuration")
        coords = {"arm": arms, "policy": ("policy", numbers, words)}
        own = {
            f"/{o.name}": xarray.Dataset(coords={"arm": arms, "octave": octaves(o.horizon)[1:]})
            for o in outlines(self.config)
        }
        streams = ("run", np.arange(self.config.runs), said("number of its streams"))
        return {
            "/": xarray.Dataset({"stream": streams}),
            "/theory": xarray.Dataset(theory, coords=coords),
            **own,
        }


def outlines(config: KnowledgeGradientConfig) -> list[Outline]:
    """A phase a policy, the simulated ones first."""
    found = []
    for motion in config.motions:
        horizon = config.fluid_budget if motion is Motion.fluid else config.budget
        for policy in config.ordered:
            name = stage(policy, config.problem, motion)
            found.append(Outline(name, horizon, clock="pull"))
    return found


def phases(problem: Bandits) -> list[Phase]:
    """The same, ready to start."""
    config, made = problem.config, []
    numbers = np.arange(config.runs)
    rival = stage(Policy.kg, config.problem, Motion.simulated)
    each = [(motion, policy) for motion in config.motions for policy in config.ordered]
    for outline, (motion, policy) in zip(outlines(config), each, strict=True):
        fluid, custom = motion is Motion.fluid, policy is Policy.custom
        move = plugin.mover(problem.choose) if custom and problem.choose else None
        entry = Entry(policy, outline.horizon, fluid, numbers, problem.reference, move)
        engine = "Python: the policy is the user's" if custom else "compiled"
        made.append(
            Phase(
                outline,
                lambda before, e=entry: started(e, before, rival),
                engine=engine,
                alone=custom,
            )
        )
    return made


def prepared(
    config: KnowledgeGradientConfig, bandit: Bandit, choose: plugin.Choose | None = None
) -> Bandits:
    """The problem of a job."""
    return Bandits(config, Reference(config, bandit), choose)
