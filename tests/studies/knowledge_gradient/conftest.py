"""Reference results of the study: to 50 digits, or by two unlike computations."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    """golden.json: `about` says what is what."""
    return json.loads((Path(__file__).parent / "golden.json").read_text())
