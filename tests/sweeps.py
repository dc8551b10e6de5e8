"""Where the jobs of a sweep lie."""

from pathlib import Path


def job_of(sweep: Path, number: int) -> Path:
    """The directory of a job by its number: its identity stands behind that."""
    (found,) = [*sweep.glob(f"{number}-*"), *sweep.glob(f"{number}")]
    return found
