"""The jobs that suffer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks.torture.child import Child, Ended
from benchmarks.torture.experiment import Workshop
from benchmarks.torture.records import Bytes, record_bytes, sweep_bytes
from benchmarks.torture.shim import Suffer
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.run import checkpointing

PLAIN = ("tracking=none", "figures=none")
TINY = (
    *("experiment=smoke", "dataset.queries=3", "runs=1", *PLAIN),
    *("train.feed_forward.steps=5", "train.attention.steps=10", "runtime.checkpoint_seconds=0"),
)
"""A short job: what it does to the disk matters, not what it trains."""
TWO = (*TINY, "-m", "seed=0,1", "hydra.launcher.threads=1")
"""A short sweep."""
SMOKES = tuple(
    (f"experiment={study}/smoke", *PLAIN)
    for study in ("attractor", "score_matching", "knowledge_gradient", "federated")
)
"""A job of each companion study."""


def eager(share: float = 1e6) -> None:
    """Checkpoints in this process for a share of its time, at every call unless it is given: by
    the lab's own 2 % a short job has none."""
    checkpointing.SHARE = share


def start(
    workshop: Workshop,
    place: Path,
    overrides: tuple[str, ...],
    suffer: Suffer | None = None,
    first: Callable[[], None] = eager,
    then: Callable[[], None] = lambda: None,
) -> Child:
    """A job into ``place/job``, its configuration composed beforehand: what Hydra takes for that is
    nothing that a disk could disturb.  Its process does something
    ``first``, and ``then``, before it ends."""
    config = composed(overrides)

    def do() -> None:
        from ntp_dynamics.cli import mistakes_in_one_line
        from ntp_dynamics.launch.command import run_single

        first()
        try:
            with mistakes_in_one_line():
                run_single(config, Path("job"), list(overrides))
        finally:
            then()

    return workshop.nursery.start(do, place, suffer=suffer)


@cache
def composed(overrides: tuple[str, ...]) -> JobConfig:
    """The configuration of a job."""
    return read_config(compose_job(overrides))


def whole_job(workshop: Workshop, *overrides: str) -> tuple[Path, Bytes]:
    """An uninterrupted job: where it lies, and its record bytes."""
    place = workshop.fresh("whole")
    _must(start(workshop, place, overrides).wait())
    return place / "job", record_bytes(place / "job")


def whole_sweep(workshop: Workshop, *overrides: str) -> tuple[Path, dict[str, Bytes]]:
    """An uninterrupted sweep, and the record bytes of its jobs."""
    place = workshop.fresh("whole")
    _must(workshop.nursery.train([*overrides, "hydra.sweep.dir=sweep"], place).wait())
    return place / "sweep", sweep_bytes(place / "sweep")


def _must(done: Ended) -> None:
    if done.code:
        raise RuntimeError(f"the uninterrupted one ended with {done.code}: {done.err[-500:]}")


def again(workshop: Workshop, place: Path, overrides: tuple[str, ...]) -> Ended:
    """Go on with a job in ``place/job``: `ntp-resume`, and where there is nothing to go on with,
    the command itself, as its line says."""
    done = workshop.nursery.resume("job", place).wait()
    if done.code == 2 and not (place / "job/status.json").exists():
        return start(workshop, place, overrides).wait()
    return done
