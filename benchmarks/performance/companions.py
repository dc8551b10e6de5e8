"""The section about the companion studies, from what their own benchmarks wrote."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]

PAGE = """
## Score matching, knowledge gradient, federated optimisation

`OMP_NUM_THREADS=1 python -m benchmarks.NAME` for each study, one thread, medians of interleaved
rounds; load averages {loads}. The usual loops: torch autograd on batches of 20,000 points
in three dimensions (score matching), which is blind below a loss of 1/20,000; Python over pulls and
arms, with scipy.stats.norm for the knowledge gradient; Python over rounds, clients, local steps,
samples and directions (federated).

| | usual loop | ours | times faster |
|---|---|---|---|
{rows}

{more}
"""

MORE = """\
Nine coupled copies of a federated run cost {quadratic:.1f} (quadratic) and {logistic:.1f}
(logistic) single runs, the exact curve of 6,400 rounds in ten dimensions {curve:.2f} s.
Microseconds a pull of ten arms: {pulls}. Five phase maps of 24 x 24 cells take {maps:.2f} s, the
flow over nine decades {flow:.2f} s for eight runs."""


def companions() -> str:
    """The section."""
    names = ("score_matching", "knowledge_gradient", "federated")
    score, pulls, rounds = (json.loads((HERE / f"{name}.json").read_text()) for name in names)
    rows = [
        *(_row(f"{name}, s", x) for name, x in score.items() if _compared(x)),
        *(_row(f"{name}, us a pull", x) for name, x in pulls.items() if _compared(x)),
        *(_row(f"federated, {name}, us", x, 1e6) for name, x in rounds.items() if _compared(x)),
    ]
    copies = rounds["nine copies over one"]
    loads = ", ".join(f"{x['load']:.1f}" for x in (score, pulls, rounds))
    more = MORE.format(
        quadratic=copies["quadratic"],
        logistic=copies["logistic"],
        curve=rounds["exact curve, T = 6400"]["curve"],
        pulls=", ".join(f"{name} {x:.2g}" for name, x in pulls["microseconds a pull"].items()),
        maps=score["phases"]["map, 5 patterns of 24 x 24"],
        flow=score["phases"]["flow over nine decades, 8 runs"],
    )
    return PAGE.format(loads=loads, rows="\n".join(rows), more=textwrap.fill(more, 100))


def _compared(measured: Any) -> bool:
    return isinstance(measured, dict) and "naive" in measured


def _row(name: str, x: dict[str, float], unit: float = 1.0) -> str:
    ours = next(value for key, value in x.items() if key in ("exact", "fast", "kernel"))
    return f"| {name} | {unit * x['naive']:.3g} | {unit * ours:.3g} | {x['ratio']:,.0f} |"
