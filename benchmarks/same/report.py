"""What a comparison found, a line for each experiment and engine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.same.difference import Difference, compare
from benchmarks.same.jobs import Case

GAINED = re.compile(r"(attribute|key|variable|group|coordinate) \S+$")
FEW = 4
"""Differences that a line names, of those it counts."""


def line_of(
    jobs: Sequence[Case], old: Path, new: Path, ends: Sequence[Mapping[str, str]]
) -> tuple[str, str]:
    """The jobs of one experiment on one engine: one word, and what there is to say."""
    paths = [case.path for case in jobs]
    before, after = ([end.get(path, "failed: no end") for path in paths] for end in ends)
    changed = [
        f"job {i}: {was}, now {now}"
        for i, (was, now) in enumerate(zip(before, after, strict=True))
        if was.partition(":")[0] != now.partition(":")[0]
    ]
    trained = [i for i, ended in enumerate(before) if ended == after[i] == "done"]
    why = sorted({end for end in before if end != "done"})
    found = {i: compare(old / paths[i], new / paths[i]) for i in trained}
    changed += [f"job {i}: {text}" for i, one in found.items() for text in one.changed]
    text = f"{len(trained)} of {len(jobs)} jobs compared" if why or changed else f"{len(jobs)} jobs"
    if changed:
        largest = max((one.largest for one in found.values()), default=0.0)
        return "DIFFERENT", f"{text}, at most by a share of {largest:.1e}: {_few(changed)}"
    if any(end.startswith("failed") for end in before):
        return "FAILED", _few([text, *why])
    if not trained:
        return "refused", _few([end.removeprefix("refused: ") for end in why])
    return "equal", "; ".join([text, *why, *_gained(found.values())])


def summary(words: Counter[str], seconds: float) -> str:
    """The last line."""
    counts = ", ".join(f"{n} {word}" for word, n in sorted(words.items()))
    return f"{counts}; {seconds:.0f} s"


def _gained(found: Iterable[Difference]) -> list[str]:
    added = _together(text for one in found for text in one.added)
    restored = {name: None for one in found for name in one.restored}
    texts = [f"added: {', '.join(added)}"] if added else []
    return texts + ([f"same values in other bytes: {', '.join(restored)}"] if restored else [])


def _together(texts: Iterable[str]) -> list[str]:
    """Gains of many places (claims, variables) told once, with the number of places."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for text in texts:
        file, _, rest = text.partition(": ")
        gained = GAINED.search(rest)
        what, place = (gained[0], rest[: gained.start()]) if gained else (rest, "")
        kinds.setdefault((file, what), set()).add(place)
    return [
        ": ".join(filter(None, [file, what])) + f" ({len(places)} places)" * (len(places) > 1)
        for (file, what), places in kinds.items()
    ]


def _few(texts: Sequence[str]) -> str:
    more = [f"and {len(texts) - FEW} more"] if len(texts) > FEW else []
    return "; ".join([*texts[:FEW], *more])
