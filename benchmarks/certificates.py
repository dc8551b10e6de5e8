"""How often later steps are proved, from which step on, and whether they keep to it.

    python -m benchmarks.certificates [RUNS]   of 200, five shapes; 50 traps: docs/certificates.md

Every certificate is held against all later recorded steps of its run, and read by the independent
checker of the tests.  A trap is asked from its states alone, whatever its hypotheses say, at every
recorded step.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.problem import know
from ntp_dynamics.studies.next_token.theory.certified import Bounds, certify
from ntp_dynamics.studies.next_token.theory.continuation import Refused, Rule
from ntp_dynamics.studies.next_token.theory.exponentials import exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget

CHECKER = Path(__file__).parent.parent / "tests/studies/next_token/continuation_checker.py"
QUIET = ("tracking=none", "figures=none", "hooks.arrays=recorded", "certify=always")
SHAPES = {
    "realizable, eta = 1": ("train.attention.step_size=1", "train.attention.steps=10000"),
    "realizable": (),
    "prefix closed": ("dataset=prefix_closed",),
    "sparse": ("dataset=sparse",),
    "chain (confused tokens)": ("dataset=chain",),
}
USUAL = ("train.margin=9.23", "train.attention.step_size=0.1", "train.attention.steps=100000")
TRAPS = ("trap_1000000", "trap_100000000", "edge_100", "edge_1000", "pit_10", "pit_100", "pit_1000")
DRAWN = ("dataset=long_chain", "dataset.weights=powers", "dataset.decades=4", "train.margin=9.23")
ROUNDING = 1e-9
"""Of a run that takes its steps in double precision, relative."""


def main(runs: int) -> None:
    print("| shape | runs | proved | from step: median (range) | direction | from step | outside |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for name, told in SHAPES.items():
            asked = [*USUAL, *told, *QUIET, f"runs={runs // len(SHAPES)}"]
            print(row(name, ntp.train(asked, Path(place, name))), flush=True)
        print(traps(Path(place)))


def row(name: str, record: ntp.Record) -> str:
    """A line of the table of one shape."""
    checker = load_checker()
    refused = [wrong for *_, wrong in checker.check_record(record.path) if wrong]
    assert not refused, refused
    runs = record.config.runs
    first, direction = (
        [step for step in record.since[f"kq.{what}.sharp"] if step is not None]
        for what in ("norm", "direction")
    )
    outside, compared = 0, 0
    for run, step, bounds in certificates(record):
        bad, asked = outside_of(record, run, step, bounds)
        outside, compared = outside + bad, compared + asked
    told = f"{outside} of {compared:,}"
    shares = f"{len(first)} | {spread(first)} | {len(direction)} | {spread(direction)}"
    return f"| {name} | {runs} | {shares} | {told} |"


def spread(steps: Sequence[int]) -> str:
    if not steps:
        return "-"
    return f"{np.median(steps):,.0f} ({min(steps):,} to {max(steps):,})"


def certificates(record: ntp.Record) -> Iterator[tuple[int, int, Bounds]]:
    """(run, step, bounds)."""
    for told in (record.certificates or {"runs": []})["runs"]:
        for one in told["certificates"]:
            yield told["run"], one["step"], Bounds.of(one["bounds"])


def outside_of(record: ntp.Record, run: int, step: int, bounds: Bounds) -> tuple[int, int]:
    """How many later numbers are outside of their bounds, of how many."""
    data = record.stage("attention")
    later = data["step"].values >= step
    n = (data["step"].values[later] - step).astype(float)
    found = 0
    for name, proved in (
        ("norm_kq", bounds.norm_at(n)),
        ("log_excess_loss", bounds.log_excess_at(n)),
        ("direction_gap_kq", bounds.gap_at(n)),
    ):
        y = data[name].values[run, later]
        room = ROUNDING * abs(y)
        found += int(((y + room < proved.low) | (y - room > proved.high)).sum())
    return found, 3 * len(n)


def traps(place: Path) -> str:
    """Of 50 runs that still have a sentence wrong at their end: how many states prove anything."""
    found, states, issued = 0, 0, 0
    told = ("train.attention.steps=20000", *QUIET)
    for name in TRAPS:
        path = f"dataset.path='${{corpus:{name}}}'"
        asked = ["dataset=file", path, "runs=1", "train.margin=3", "train.attention.step_size=0.05"]
        record = ntp.train([*asked, *told], place / name)
        found, states, issued = add(record, (found, states, issued))
    for seed in range(200):
        if found >= 50:
            break
        asked = [*DRAWN, "runs=20", f"seed={seed}", "train.attention.step_size=1"]
        record = ntp.train([*asked, *told], place / f"seed {seed}")
        found, states, issued = add(record, (found, states, issued))
    return f"\n{found} traps, {states:,} states of them: {issued} prove anything"


def add(record: ntp.Record, so_far: tuple[int, int, int]) -> tuple[int, int, int]:
    """Traps, states and proofs with those of one more record."""
    found, states, issued = so_far
    data, train = record.stage("attention"), record.config.train
    known = know(record.config, record.corpora)
    for run in np.flatnonzero(data["accuracy_unweighted"].values[:, -1] < 1).tolist():
        if found == 50:
            break
        target = known.targets[run].attention
        assert isinstance(target, AttentionTarget)
        assert (record.certificates or {})["runs"][run]["certificates"] == []
        collocation = known.recognitions[run].collocation
        e = exponentials(record.corpora[run], collocation, target)
        queries = [
            q for q in record.trajectory.variables["query_id"].values[run].tolist() if q >= 0
        ]
        rule = Rule(train.attention.step_size, Interval.exactly(train.margin))
        found += 1
        for scores in data.variables["scores"].values[run]:
            states += 1
            try:
                certify(e, scores[:, : len(queries)], queries, rule)
                issued += 1
            except Refused:
                pass
    return found, states, issued


def load_checker() -> Any:
    """The program of the tests, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("continuation_checker", CHECKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
