"""Offline runs of Weights & Biases, by its own reader.

The library's Python reader of these files is gone since 0.31; what it offers instead is a command,
``wandb leet inspect --json``, which prints a record a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ntp_dynamics.curves.objects import table_of_rows
from ntp_dynamics.curves.table import Table
from ntp_dynamics.system.errors import UserError, short

SILENT = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "WANDB_MODE": "offline"}
"""Without the first the library looks up a host of its telemetry."""
PATIENCE = 300


def read_wandb(path: Path) -> Table:
    """The history of one ``run-<id>.wandb``.  Raises UserError."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            env=os.environ | SILENT,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(path.name, "wandb does not read it", "export the run as CSV") from error
    told = done.stderr.decode("utf-8", "replace").strip()
    rows = []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        if record.get("type") == "history":
            item = record["history"].get("item", {})
            rows.append({"step" if name == "_step" else name: x for name, x in item.items()})
    if not rows:
        reason = f"wandb finds no history in it ({short(told)})" if told else "no history is in it"
        raise UserError(path.name, reason, "give the run-*.wandb file of a run that logged")
    notes = ("it is cut short: what is whole was read",) if told or done.returncode else ()
    return table_of_rows(rows, path.name, notes)
