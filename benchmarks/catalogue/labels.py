"""Rows that read verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import one_of
from benchmarks.catalogue.finding import Row
from benchmarks.catalogue.watched import Records, Watched


def labels(record: Watched, claim: str, version: str | None = None) -> tuple[str, ...]:
    """The labels of a claim, one for each of its versions, or of one of them."""
    return tuple(v["label"] for v in _verdicts(record, claim, version))


def proved_from(record: Watched, claim: str) -> Float[np.ndarray, " R"]:
    """The step of each run from which on a claim is proved of every later one; nan where it is not
    (docs/certificates.md)."""
    (found,) = _verdicts(record, claim, None)
    steps = found.get("proved") or [None] * record.config.runs
    return np.array([np.nan if step is None else step for step in steps], dtype=float)


def verdict(
    claim: str, *expected: str, of: str | None = None, version: str | None = None, said: str = ""
) -> Row:
    """The label of a claim in every job, or in the one with key ``of``; the verdict's own sentence
    is the reason where it differs."""

    def chosen(records: Records) -> dict[str, Watched]:
        return dict(records) if of is None else {of: records[of]}

    def measure(records: Records) -> tuple[str, ...]:
        return tuple(x for r in chosen(records).values() for x in labels(r, claim, version))

    def why(records: Records) -> str:
        sentences = [
            f"{key}: {v['sentence']}" if key and of is None else v["sentence"]
            for key, record in chosen(records).items()
            for v in _verdicts(record, claim, version)
            if v["label"] not in expected
        ]
        return "; ".join(dict.fromkeys(sentences))

    named = f"verdict of {claim}" + (f" ({version})" if version else "")
    return Row(f"{said}: {named}" if said else named, one_of(*expected), measure, why)


def _verdicts(record: Watched, claim: str, version: str | None) -> list[dict[str, Any]]:
    return [v for v in record.verdicts if v["id"] == claim and version in (None, v["version"])]
