"""What pages show of this study alone: policies beside one another and beside theory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntp_dynamics.view import View


def _policies(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.knowledge_gradient.views.policies import policies

    return policies(record, run)


SCRIPT = Path(__file__).parent / "policies.js"
VIEWS = (View("policies", _policies, SCRIPT, arrays=("share", "rate")),)
