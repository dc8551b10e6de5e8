"""The page of a corpus: that of one run of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard import reading
from ntp_dynamics.dashboard.corpus import corpus_view
from ntp_dynamics.dashboard.pages.job import run
from ntp_dynamics.dashboard.site import Site


def stamp(site: Site, ask: Mapping[str, Any]) -> str | None:
    """Changes with the files of the record and the run asked for."""
    job = site.job(str(ask.get("key")))
    return None if job is None else f"{reading.stamp(job)}.{run(ask)}"


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The corpus of a run; without a record, why."""
    job = site.job(str(ask["key"]))
    assert job is not None, "the stamp was None"
    opened = site.open(job)
    found = {"name": job.place, "problem": opened.problem, "run": 0, "runs": 0}
    if opened.record is None:
        return found
    corpora = opened.record.corpora
    which = min(run(ask), len(corpora) - 1)
    return {**found, "run": which, "runs": len(corpora), "corpus": corpus_view(corpora[which])}
