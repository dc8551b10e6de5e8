"""A record to look at, or to break."""

from pathlib import Path

import pytest

from ntp_dynamics.record.store import RecordWriter
from tests.record.small_record import DONE, FILES, STATUS, tree


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A sealed record with a file of every kind."""
    writer = RecordWriter(tmp_path / "job", STATUS)
    for name, text in FILES.items():
        writer.data(name, text)
    writer.tree("trajectory.nc", tree())
    writer.seal(DONE)
    return writer.directory
