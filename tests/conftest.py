"""Fixtures that several test folders share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntp_dynamics.data.corpus import Corpus

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden() -> dict[str, dict[str, Any]]:
    """The golden corpora by name, with their reference results (tests/golden/README.md)."""
    paths = (path for path in GOLDEN.glob("*.json") if path.stem != "recogniser_cases")
    return {path.stem: json.loads(path.read_text()) for path in sorted(paths)}


@pytest.fixture(scope="session")
def corpus_of() -> Callable[[dict[str, Any]], Corpus]:
    """Makes the Corpus of a golden dict."""

    def make(case: dict[str, Any]) -> Corpus:
        samples = [(s["tokens"], s["next"], s["weight"]) for s in case["samples"]]
        return Corpus.from_samples(samples, vocab_size=case["vocab_size"])

    return make
