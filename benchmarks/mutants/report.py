"""docs/mutants.md, from the answers to every mutant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.mutants.areas import NAMED

Found = Mapping[str, Any]
HEAD = """\
# What the tests notice

`make mutants` flips one constant, sign, comparison or hypothesis of the code at a time, in a copy \
of the tree, and runs the tests that belong to the file. A mutant is killed where a test fails, a \
process crashes, or the tests do not end. `equivalent` is a survivor that changes no byte of the \
records of six small jobs, with its reason in `benchmarks/mutants/equivalent.toml`. The sample is \
drawn evenly over the files and is the same for the same sources; this page is written by the run.
"""
FLIPS = """\
Flips: integers by one, other numbers doubled (below 0.001: times 10,000), `+ -`, `* /`, `**` to \
`*`, `& |`, a sign, `not` or `~` left out, `< <=`, `< >` and their like, `and or`, `min max`, \
`any all`, `argmin argmax`, `ceil floor`, `True False`, a hypothesis left out, an argument such as \
`side`, `ceiling`, `t_min` or `residual` left out. Messages, annotations and words are left alone.
"""


def page(found: Sequence[Found]) -> str:
    total = Counter(one["answer"] for one in found)
    killed = total["killed"] + total["timeout"]
    asked = len(found) - total["equivalent"]
    lines = [HEAD, FLIPS]
    lines.append(
        f"**{len(found)} mutants, {total['equivalent']} of them equivalent: {killed} of the other "
        f"{asked} are killed, {killed / asked:.1%}.**\n"
    )
    lines += ["## By file\n", *_table(found)]
    lines += ["\n## Wrong transcriptions of the theorems\n"]
    lines += ["| transcription | answer |", "|---|---|"]
    lines += [f"| {one['id']} | {one['answer']} |" for one in found if one["id"] in NAMED]
    survivors = [one for one in found if one["answer"] == "survived"]
    lines += ["\n## Survivors\n"]
    lines += [f"* `{one['id']}`" for one in survivors] or ["None."]
    lines += ["\n## Equivalent\n"]
    lines += [f"* `{o['id']}`: {o['reason']}" for o in found if o["answer"] == "equivalent"] or [
        "None."
    ]
    return "\n".join(lines) + "\n"


def _table(found: Sequence[Found]) -> Iterable[str]:
    yield "| area | file | mutants | killed | of them by a time limit | equivalent | survived |"
    yield "|---|---|---|---|---|---|---|"
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        counts.setdefault((one["area"], one["file"]), Counter())[one["answer"]] += 1
    for (area, file), n in counts.items():
        name = file.removeprefix("ntp_dynamics/")
        yield (
            f"| {area} | {name} | {n.total()} | {n['killed'] + n['timeout']} | {n['timeout']} | "
            f"{n['equivalent']} | {n['survived']} |"
        )
