"""Reference results of the study: exact recursions, brute force and 50-digit trajectories."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    """golden.json: `conventions` says what is what."""
    return json.loads((Path(__file__).parent / "golden.json").read_text())
