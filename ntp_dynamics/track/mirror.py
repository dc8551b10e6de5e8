"""What of a job is mirrored to the tracker beside its curves: its name and its verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.stored import read_yaml
from ntp_dynamics.config.tracking import flatten, is_on
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.track.tracker import Subject, Tracker
from ntp_dynamics.verdict.wording import kept_of

COLUMNS = ("id", "version", "stage", "label", "sentence", "source")


def subject_of(config: JobConfig, settings: str, directory: Path, group: str | None) -> Subject:
    """A job as the tracker names it; ``settings`` are those of its config.yaml, ``group`` the sweep
    that it is part of."""
    flat = flatten(read_yaml(settings)) if is_on(config.tracking) else {}
    return Subject(config.name, short_name(directory.resolve().name), group, flat)


def track_outcome(
    tracker: Tracker, claims: Sequence[Mapping[str, Any]], outcome: Mapping[str, Any]
) -> None:
    """Final values, for each claim its label and how many of the judged runs keep it, and the table
    of verdicts; ``claims`` as in verdicts.json."""
    final = {name: value for name, value in outcome["final"].items() if value is not None}
    labels = {f"verdict.{claim}": label for claim, label in outcome["labels"].items()}
    counts = {
        f"verdict.{claim}.{name}": runs[name]
        for claim, runs in outcome["runs"].items()
        for name in ("kept", "judged")
    }
    tracker.summary({**final, **labels, **counts})
    if not claims:
        return
    tracker.verdicts(
        [
            {
                **{name: claim[name] for name in COLUMNS},
                "runs": kept_of(claim["outcomes"], claim["about"]),
            }
            for claim in claims
        ]
    )
