"""One side of a comparison, in a process of its own: `python -P side.py TREE JOBS OUT`.

Trains the jobs with the package of TREE through ``ntp_dynamics.train`` alone, and writes for each
how it ended: `done`, `refused: WHY` or `failed: WHY`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(tree: Path, jobs: Path, out: Path) -> None:
    """``jobs``: [[path, overrides], ...]; `out/path` gets each record, `out/ends.json` the ends."""
    import ntp_dynamics as ntp

    assert ntp.__file__ is not None
    assert Path(ntp.__file__).is_relative_to(tree), ntp.__file__
    ends: dict[str, str] = {}
    for path, overrides in json.loads(jobs.read_text()):
        try:
            ntp.train(overrides, out / path)
            ends[path] = "done"
        except ntp.UserErrors as refusal:
            ends[path] = "refused: " + "; ".join(f"{e.where}: {e.what}" for e in refusal.errors)
        except ntp.UserError as refusal:
            ends[path] = f"refused: {refusal.where}: {refusal.what}"
        except Exception as error:  # what ends a job here must not end the others
            ends[path] = f"failed: {type(error).__name__}: {error}"
    (out / "ends.json").write_text(json.dumps(ends))


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
