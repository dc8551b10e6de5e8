"""Record bytes of a few small jobs: a mutant that changes none of them may be called equivalent."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

JOBS = (
    ("runs=6", "train.attention.steps=900"),
    ("runs=2", "dataset=chain", "init=gaussian", "train.attention.steps=300"),
    ("runs=2", "embedding=gaussian", "dataset.vocab_size=8", "dataset.queries=4", "engine=torch",
     "train.feed_forward.steps=40", "train.attention.steps=100"),
    ("runs=2", "train.stages=[joint]", "train.joint.steps=200"),
    ("runs=2", "optimizer=gd", "init=gaussian", "train.attention.steps=200"),
    ("runs=2", "dataset=sparse", "train.margin=9.23", "train.attention.steps=4000"),
)  # fmt: skip


def write_digest(path: Path) -> int:
    """One line a job: the digest of its record, as the code of this process makes it."""
    import ntp_dynamics as ntp

    lines = []
    for overrides in JOBS:
        with tempfile.TemporaryDirectory() as place:
            record = ntp.train([*overrides, "tracking=none", "figures=none"], Path(place) / "job")
            written = ("trajectory.nc", "verdicts.json", "laws.nc")
            names = [name for name in written if (record.path / name).exists()]
            names += sorted(str(p.relative_to(record.path)) for p in record.path.glob("corpora/*"))
            content = b"".join((record.path / name).read_bytes() for name in names)
            lines.append(hashlib.sha256(content).hexdigest())
    path.write_text("\n".join(lines) + "\n")
    return 0
