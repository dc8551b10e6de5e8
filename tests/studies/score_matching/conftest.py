"""Reference results: mpmath, or two unlike double precision computations that agree."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def reference() -> dict[str, Any]:
    """golden.json: `about` says what is what."""
    return json.loads((Path(__file__).parent / "golden.json").read_text())
