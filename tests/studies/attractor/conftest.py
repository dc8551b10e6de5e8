"""Reference results of the study: closed forms to 50 digits, and fixed points on the grid."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def reference() -> dict[str, Any]:
    """golden.json: `conventions` says what is what."""
    return json.loads((Path(__file__).parent / "golden.json").read_text())
