"""Rows that read verdicts."""

from __future__ import annotations

from benchmarks.catalogue.expectation import one_of
from benchmarks.catalogue.finding import Row
from benchmarks.catalogue.watched import Records, Watched


def labels(record: Watched, claim: str) -> tuple[str, ...]:
    """The labels of a claim, one for each of its versions."""
    return tuple(v["label"] for v in record.verdicts if v["id"] == claim)


def verdict(claim: str, *expected: str, of: str | None = None, said: str = "") -> Row:
    """The label of a claim in every job, or in the one with key ``of``; the verdict's own sentence
    is the reason where it differs."""

    def chosen(records: Records) -> dict[str, Watched]:
        return dict(records) if of is None else {of: records[of]}

    def measure(records: Records) -> tuple[str, ...]:
        return tuple(x for record in chosen(records).values() for x in labels(record, claim))

    def why(records: Records) -> str:
        sentences = [
            f"{key}: {v['sentence']}" if key else v["sentence"]
            for key, record in chosen(records).items()
            for v in record.verdicts
            if v["id"] == claim and v["label"] not in expected
        ]
        return "; ".join(dict.fromkeys(sentences))

    named = f"{said}: verdict of {claim}" if said else f"verdict of {claim}"
    return Row(named, one_of(*expected), measure, why)
