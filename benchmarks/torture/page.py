"""docs/reliability.md, written from the counts in docs/reliability.json and what was found."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.torture.experiment import Experiment
from benchmarks.torture.found import FOUND

DOCS = Path(__file__).parents[2] / "docs"
PAGE, COUNTS = DOCS / "reliability.md", DOCS / "reliability.json"
HEAD = """# What sweeps survive

Written by `make torture` ({command}); do not edit. Every experiment can be run alone,
`python -m benchmarks.torture NAME`, with `--quick` in a short form; counts lie in
[reliability.json](reliability.json). Short forms of some are part of the test suite
(`tests/torture/`).
How a directory is written, sealed and gone on with: [record.md](record.md).

A process that is killed here is a real one, forked from one that has imported everything. A small
library in front of its system calls (`benchmarks/torture/shim.c`, compiled at run time) counts the
calls that change a directory, HDF5's own too, and kills it at one of them, lets one fail, stops it
there, or logs them all, so that the directory can be laid out as a power cut may leave it.
"""


def keep(experiment: Experiment, said: Mapping[str, Any]) -> None:
    """The counts of an experiment, in the place of those of its last run."""
    counts = _counts() | {experiment.name: dict(said)}
    text = json.dumps(counts, indent=1, sort_keys=True)  # the folders of this machine aside
    for place in (DOCS.parent, Path(tempfile.gettempdir())):
        text = text.replace(f"{place}/", "")
    COUNTS.write_text(text + "\n")


def write(experiments: Sequence[Experiment]) -> None:
    """The page, of all experiments that were ever run."""
    PAGE.write_text(page(experiments, _counts()))


def page(experiments: Sequence[Experiment], counts: Mapping[str, Mapping[str, Any]]) -> str:
    """As Markdown."""
    lines = [HEAD.format(command="about 45 minutes on two cores"), "## What was tried", ""]
    lines += ["| row | experiment | what | tried | faults |", "|---|---|---|---|---|"]
    for e in experiments:
        said = counts.get(e.name)
        tried = "; ".join(f"{n:,} {what}" for what, n in said["tried"].items()) if said else "-"
        form = " (short form)" if said and said["quick"] else ""
        faults = said["fault_count"] if said else "-"
        lines.append(f"| {e.row} | `{e.name}` | {e.title} | {tried}{form} | {faults} |")
    lines += ["", "## What must hold, and what came out", ""]
    for e in experiments:
        lines += [
            f"**{e.row}, {e.name}.** Passes if {e.passes}.",
            *_outcome(counts.get(e.name)),
            "",
        ]
    lines += ["## What was found, what was mended", ""]
    for found in FOUND:
        lines.append(f"* **{found.row}** {found.what} *{found.mended}*")
    return "\n".join(lines) + "\n"


def _outcome(said: Mapping[str, Any] | None) -> list[str]:
    if said is None:
        return ["Not run yet."]
    parts = [f"{n:,} {what}" for what, n in said["came_out"].items()]
    parts += [f"{what}: {n:,}" for what, n in said["measured"].items()]
    told = "; ".join(parts)
    faults = [f"* fault: {fault}" for fault in said["faults"]]
    return [
        f"{told[:1].upper()}{told[1:]}." if told else "No fault.",
        *([""] if faults else []),
        *faults,
    ]


def _counts() -> dict[str, Any]:
    return json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
