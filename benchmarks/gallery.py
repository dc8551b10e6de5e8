"""``python -m benchmarks.gallery [NAME ...]``: claims of others whose truth is known, judged.

Each file of docs/gallery is a problem with the claims about it (``CLAIMS``, fields of a statement)
and what theory says of each (``TRUTH``).  All are held against their curves, and the table of
answers is written to docs/gallery/README.md; with names only those are judged, and nothing is
written.  The exit code is 1 where an answer is wrong and its file does not say why (``MISJUDGED``).
"""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from ntp_dynamics.judging.door import judge_curve
from ntp_dynamics.judging.judged import Judged
from ntp_dynamics.verdict.clock import amount

FOLDER = Path(__file__).parent.parent / "docs/gallery"
PAGE = FOLDER / "README.md"
WRONG = {True: "contradicted", False: "kept"}
"""The answer that must not be given, by the truth."""
AGREES = {True: "kept", False: "contradicted"}


@dataclass(frozen=True)
class Row:
    """A claim, its truth and its answer.

    ``since``: where a false bound is broken first, if late; ``beyond``: what is known of it past
    the horizon; ``misjudged``: why the answer is known to be wrong; ``seconds``: of processor time.
    """

    name: str
    truth: bool
    judged: Judged
    since: float | None
    beyond: str
    misjudged: str
    seconds: float

    @property
    def agreement(self) -> str:
        """agrees, undecided or WRONG."""
        if self.judged.answer == WRONG[self.truth]:
            return "WRONG"
        return "agrees" if self.judged.answer == AGREES[self.truth] else "undecided"

    @property
    def found(self) -> str:
        """What the verdict rests on; of one that is undecided, what would settle it."""
        if self.agreement == "undecided":
            return settles(self.judged)
        return self.misjudged or self.beyond or self.judged.verdict.summary


def settles(judged: Judged) -> str:
    """What would decide an undecided question, as far as its verdict says."""
    verdict = judged.verdict
    if verdict.decides_at is not None:
        return f"{verdict.clock} {amount(verdict.decides_at)} would decide, going on as it does"
    told = getattr(judged, "settle", None)
    return told or verdict.reason or "no horizon is in sight: more runs, or more decades"


def names() -> list[str]:
    """Of the files of the gallery."""
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def load(name: str) -> ModuleType:
    """A file of the gallery, which is no package."""
    spec = importlib.util.spec_from_file_location(f"gallery_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(name: str) -> Iterator[Row]:
    """The claims of a file, judged.  Seconds of the curve count for the first."""
    module, begun = load(name), time.process_time()
    t, y = module.curve()
    since, beyond = getattr(module, "SINCE", None), getattr(module, "BEYOND", "")
    misjudged = getattr(module, "MISJUDGED", {})
    for claim, truth in zip(module.CLAIMS, module.TRUTH, strict=True):
        judged = judge_curve(t, y, **claim)
        now = time.process_time()
        why = misjudged.get(claim["law"], "")
        yield Row(name, truth, judged, None if truth else since, beyond, why, now - begun)
        begun, since = now, since if truth else None


def cells(row: Row) -> list[str]:
    """A row of the table, its seconds last."""
    statement = row.judged.statement
    truth = str(row.truth).lower()
    if row.since is not None:
        truth += f", from {amount(int(row.since))} on"
    label = str(row.judged.verdict.label)
    answer = row.judged.answer if label == row.judged.answer else f"{row.judged.answer} ({label})"
    said = [f"[{row.name}]({row.name}.py)", statement.text, f"`{statement.law}`", statement.source]
    said += [truth, answer, row.agreement, row.found]
    return [*(re.sub(r"([|*])", r"\\\1", cell) for cell in said), f"{row.seconds:.1f}"]


def page(judged: Sequence[Row]) -> str:
    """docs/gallery/README.md."""
    count = {word: sum(row.agreement == word for row in judged) for word in COUNTED}
    truths, problems = sum(row.truth for row in judged), len({row.name for row in judged})
    head = ["file", "claim", "law", "source", "truth", "answer", "agreement", "found", "s"]
    lines = [
        *INTRODUCTION,
        "",
        f"**{len(judged)} claims of {problems} problems, {truths} true and {len(judged) - truths} "
        f"false: {count['agrees']} answers agree, {count['undecided']} are undecided, "
        f"{count['WRONG']} wrong.**",
        "",
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(cells(row))} |" for row in judged),
    ]
    return "\n".join(lines) + "\n"


COUNTED = ("agrees", "undecided", "WRONG")
INTRODUCTION = """\
# Claims whose truth is known

Rates that others published, held against small problems of our own making by `judge_curve`, the
door that [judge.md](../judge.md) explains. Each file is a problem, the claims about it as data, and
the reason why each is true or false: a theorem, a closed form or exact arithmetic. Some are true,
some false, some false only from a late step on, and some true with a log that looks like a power.
Most of the false ones are a theorem carried to where it was not proved. Run one:

    python docs/gallery/subgradient_last.py

This page is written by `make gallery`, which judges all of them in seconds. A true claim that is
called contradicted, or a false one that is called kept, is *WRONG*; *undecided* is no error, and
says what would settle it. *Truth* is that of the claim about this problem, to the horizon that is
run. A wrong answer stays here, with the reason. *s* is processor time in seconds.""".splitlines()


def main(arguments: Sequence[str]) -> int:
    judged: list[Row] = []
    for name in arguments:
        if name not in names():
            near = get_close_matches(name, names(), 1) or names()[:1]
            print(f"error: {name}: no file of the gallery; try {near[0]}", file=sys.stderr)
            return 2
    for name in arguments or names():
        for row in rows(name):
            print(f"{row.agreement:9}  {name}: {row.judged.statement.law}  {row.found}", flush=True)
            judged.append(row)
    if not arguments:
        PAGE.write_text(page(judged), encoding="utf-8")
    return int(any(row.agreement == "WRONG" and not row.misjudged for row in judged))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
