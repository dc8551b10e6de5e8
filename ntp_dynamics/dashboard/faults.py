"""What goes wrong in the server, said in one line, so that it can go on."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from ntp_dynamics.system.errors import escaped


def complain(what: str, error: BaseException) -> None:
    """On stderr: what could not be made, why, and where in the code."""
    at = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({Path(frame.filename).name}:{frame.lineno})" for frame in at)
    said = escaped(f"{what} could not be made: {type(error).__name__}: {error}")[:300]
    print(f"error: dashboard: {said}{where}", file=sys.stderr, flush=True)
