"""Arms and jobs of this study, made for tests."""

from typing import Any

import numpy as np
import xarray

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.training import train_phases as train
from ntp_dynamics.studies.knowledge_gradient.config import Question
from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel import march
from ntp_dynamics.studies.knowledge_gradient.kernel.draws import key_of
from ntp_dynamics.system.stops import Interrupt


def bandit(case: dict[str, Any], problem: Question | None = None) -> Bandit:
    """The arms of a golden case."""
    epsilon = float(case.get("epsilon") or 0.0)
    asked = problem or (Question.eps_good if epsilon else Question.bai)
    mean, variance = (np.array(case[name], dtype=float) for name in ("mean", "variance"))
    k = len(mean)
    threshold = np.array(case.get("threshold", []), dtype=float)
    return Bandit(asked, mean.reshape(k, -1), variance.reshape(k, -1), threshold, epsilon)


def walk(
    policy: int,
    of: Bandit,
    runs: Any,
    stops: Any,
    *,
    n0: int = 5,
    fluid: bool = False,
    plugin: bool = False,
    seed: int = 0,
    shares: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and pulls (R, k) after the last of the stops, at which the way is cut."""
    numbers = np.atleast_1d(np.asarray(runs))
    shape = (len(numbers), of.arms)
    m, t, sq = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    if fluid:
        m[:] = of.mu
    w = np.full(of.arms, 1 / of.arms) if shares is None else shares
    first = 0
    for last in np.atleast_1d(stops):
        ends = (key_of(seed), numbers, first, int(last), n0, fluid, plugin)
        march.march(policy, of.mu, of.v, of.tilt, w, *ends, m, t, sq)
        first = int(last)
    return m, t


def measured(*overrides: str) -> tuple[Any, xarray.DataTree]:
    """What claims are made of, and everything that a job recorded."""
    given = ["study=knowledge_gradient", "tracking=none", "figures=none", *overrides]
    job = prepare(read_config(compose_job(given)))
    trained = train(job, lambda steps, *_: iter(steps), Interrupt())
    assert trained.failure is None
    tree = trained.tree(job.problem.tables())
    return job.constants(tree), tree


def labels(claims: Any, constants: Any, tree: xarray.DataTree) -> dict[tuple[str, str], str]:
    """What the lab says, by id and version, of the claims about phases that were recorded."""
    recorded = [claim for claim in claims if claim.stage in tree.children]
    found = judge_claims(tree, constants, recorded)
    return {(j.claim.id, j.claim.version): str(j.verdict.label) for j in found}
