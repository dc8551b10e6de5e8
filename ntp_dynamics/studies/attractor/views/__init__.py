"""What pages show of this study alone: the bump on its way, theory beside what was found.

What a view needs is imported when it is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntp_dynamics.study import View


def _network(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.attractor.views.network import network

    return network(record, run)


VIEWS = (View("network", _network, Path(__file__).parent / "network.js"),)
