"""Everything that the page of a job shows, as one piece of plain JSON: sent once, and exported."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.config import Config
from ntp_dynamics.dashboard.attention import attention
from ntp_dynamics.dashboard.curves import numbers, panels, stages
from ntp_dynamics.dashboard.index import Job, text
from ntp_dynamics.dashboard.reading import Reading
from ntp_dynamics.dashboard.verdicts import cards, headline
from ntp_dynamics.lab.label import marks
from ntp_dynamics.lab.verdict import EARLIER, FORMAT
from ntp_dynamics.record import Record

STAGE_NAMES = {"feed_forward": "feed-forward", "attention": "attention", "joint": "joint"}


def job_view(job: Job, reading: Reading, run: int = 0) -> dict[str, Any]:
    """The view of a job; of one that cannot be read, why."""
    record = reading.record
    view = {
        "id": job.id,
        "name": job.place,
        "state": job.state,
        "reason": job.reason,
        "seconds": job.seconds,
        "overrides": [[key, value] for key, value in job.overrides.items()],
        "problem": reading.problem,
        "note": reading.no_laws,
        "log": list(reading.log),
        "run": run,
        "runs": 0,
        "marks": marks(),
    }
    if record is None:
        return view
    tree = record.trajectory
    run = min(max(run, 0), len(record.corpora) - 1)
    found = cards(record.verdicts, job.labels)
    return {
        **view,
        "run": run,
        "runs": len(record.corpora),
        "facts": facts(record.config, record),
        "headline": headline(found, record.verdicts),
        "notes": notes(record),
        "cards": found,
        "timeline": timeline(record),
        "panels": panels(tree, reading.laws),
        "attention": attention(record, run),
    }


def notes(record: Record) -> list[str]:
    """What the job noted about its data, and by which rules it was judged if not today's."""
    said = record.status.get("notes")
    noted = [text(note) for note in said[:8]] if isinstance(said, list) else []
    return [EARLIER, *noted] if record.verdicts and record.rules < FORMAT else noted


def facts(config: Config, record: Record) -> list[str]:
    """The configuration in a line."""
    kind = {
        name: type(getattr(config, name)).__name__ for name in ("optimizer", "init", "embedding")
    }
    words = {
        "NormalisedGradientDescent": "normalised gradient descent",
        "GradientDescent": "gradient descent",
        "SignDescent": "sign descent",
        "ZeroInit": "from zero",
        "GaussianInit": "gaussian start",
        "OrthonormalEmbedding": "orthonormal embedding",
        "StandardEmbedding": "standard basis",
        "GaussianEmbedding": "gaussian embedding",
    }
    runs, v = len(record.corpora), record.corpora[0].classes
    return [
        f"{runs} run{'s' * (runs != 1)}",
        f"|V| = {v:,}",
        *(words.get(name, name) for name in kind.values()),
        f"seed {config.seed}",
    ]


def timeline(record: Record) -> list[dict[str, Any]]:
    """The recorded steps of each stage, one after the other, with the path length so far."""
    line = []
    for stage in stages(record.trajectory):
        data = record.trajectory.children[stage].dataset
        if "step" not in data.coords:
            continue
        path = data.get("path_length")
        middle = None if path is None else numbers(np.median(path.values, axis=0))
        line.append(
            {
                "stage": str(stage),
                "label": STAGE_NAMES[stage],
                "steps": data["step"].values.astype(int).tolist(),
                "path": middle,
            }
        )
    return line
