"""What pages show of this study alone: where attention goes, and the corpus.

What a view needs is imported when it is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntp_dynamics.view import View

HERE = Path(__file__).parent
ROLES = HERE / "roles.js", HERE / "tokens.css"
"""Marks, lines and colours of the roles of tokens."""


def _attention(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.next_token.views.attention import attention

    return attention(record, run)


def _corpus(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.next_token.views.corpus import corpus

    return corpus(record, run)


DRAWN = "attention", "scores"
"""Arrays that the first of these draws."""
VIEWS = (
    View("attention", _attention, HERE / "attention.js", needs=ROLES, arrays=DRAWN),
    View("corpus", _corpus, HERE / "corpus.js", page=True, needs=ROLES),
)
