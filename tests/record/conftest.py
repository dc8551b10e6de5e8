"""A record to look at, or to break."""

from pathlib import Path

import pytest

from benchmarks.torture.damage import make_records
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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real jobs, sealed and interrupted, by name; not to be changed."""
    return make_records(tmp_path_factory.mktemp("made"))
