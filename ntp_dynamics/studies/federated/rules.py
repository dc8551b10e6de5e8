"""What only several fields of a configuration can get wrong together, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ntp_dynamics.studies.federated.config import (
    EXACT,
    LARGEST,
    Directions,
    FederatedConfig,
    Method,
    PhaseName,
    Replace,
    ScheduleName,
    Task,
)
from ntp_dynamics.system.errors import UserError

HEAVIEST = 3.0
"""theta beyond which a second moment is carried by draws that no job sees."""
LIPSCHITZ = ("fz.stability.nonconvex", "fz.stability.convex", "fz.gap")
"""Claims about losses with a bounded slope, and about samples that clients draw alike."""


def mistakes(config: FederatedConfig, known: set[str]) -> list[UserError]:
    """Everything that forbids the job; ``known``: the ids of claims."""
    found = [*_rounds(config), *_parts(config), *_files(config), *_claims(config, known)]
    return list(found)


def _rounds(config: FederatedConfig) -> Iterator[UserError]:
    m, n, d = config.participants, config.clients, config.dim
    if m > n:
        yield UserError("participants", f"{m} > clients {n}", f"choose 1..{n}")
    if config.batch > config.samples:
        what = f"{config.batch} > samples {config.samples}"
        yield UserError("batch", what, f"choose 1..{config.samples}")
    if config.smoothing == 0 and config.method is not Method.fedavg:
        yield UserError("smoothing", "must be > 0 (got 0)", "use fedavg for true gradients")
    if config.directions is Directions.coordinate and config.num_directions != d:
        what = f"directions=coordinate needs num_directions = dim {d} (got {config.num_directions})"
        yield UserError("directions", what, f"set num_directions={d}")
    if config.staleness > config.rounds:
        what = f"{config.staleness} > rounds {config.rounds}"
        yield UserError("staleness", what, f"choose 0..{config.rounds}")
    if config.noise.theta > HEAVIEST:
        what = f"{config.noise.theta:g} > {HEAVIEST:g}"
        remedy = "its second moment cannot be seen in this horizon"
        yield UserError("noise.theta", what, remedy)


def _parts(config: FederatedConfig) -> Iterator[UserError]:
    exact = [str(name) for name in config.phases if name in EXACT]
    if config.dim > LARGEST and exact:
        what = f"{config.dim} > {LARGEST}, too many for the exact moments of {', '.join(exact)}"
        yield UserError("dim", what, "use phases=[estimator,train,copies,delay]")
    copies, budget = config.copies, config.budget
    if PhaseName.copies in config.phases:
        least = min(copies.samples)
        if config.batch > least:
            what = f"{config.batch} > copies.samples {least}"
            yield UserError("batch", what, f"choose 1..{least}")
        if copies.replaced > least * copies.clients:
            what = f"{copies.replaced} > {least * copies.clients} samples"
            yield UserError("copies.replaced", what, f"choose 1..{least * copies.clients}")
    if PhaseName.budget in config.phases and max(budget.participants) > config.clients:
        what = f"{max(budget.participants)} > clients {config.clients}"
        yield UserError("budget.participants", what, f"choose 1..{config.clients}")
    for where, values in (("copies.samples", copies.samples), ("tasks", config.tasks)):
        if len(set(values)) < len(values):
            yield UserError(where, "a value stands twice", "name each once")


def _files(config: FederatedConfig) -> Iterator[UserError]:
    given = (
        ("task_file", config.task_file, Task.user in config.tasks, "tasks=[user]"),
        (
            "schedule_file",
            config.schedule_file,
            config.schedule is ScheduleName.user,
            "schedule=user",
        ),
    )
    for where, file, wanted, choice in given:
        if wanted and not file:
            yield UserError(where, f"{choice} needs one", "name a Python file")
        if file and not wanted:
            yield UserError(where, "nothing reads it", f"use {choice}")


def _claims(config: FederatedConfig, known: set[str]) -> Iterator[UserError]:
    for name in config.claims:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"choose {', '.join(sorted(known))}"
            yield UserError("claims", f"there is no claim {name!r}", remedy)
        elif name in LIPSCHITZ and set(config.tasks) == {Task.quadratic}:
            yield UserError("claims", f"{name} needs a Lipschitz task", "quadratic has none")
    asked = not config.claims or set(config.claims) & set(LIPSCHITZ)
    if PhaseName.copies in config.phases and config.copies.replace is Replace.pooled and asked:
        what = "alternatives must come from the same client"
        yield UserError("replace", what, "use copies.replace=same, or claims=[fz.stability.exact]")
