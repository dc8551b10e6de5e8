"""One job on its own, with all that is told of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.report.show import nearby, show
from ntp_dynamics.run.progress import JobProgress
from ntp_dynamics.run.start import import_for
from ntp_dynamics.system.errors import UserError, UserErrors, escaped, refuse


def run_single(
    config: JobConfig, directory: Path, overrides: Sequence[str], resume: bool = False
) -> float:
    """One job with all that is told of it; exits with 2 for a mistake, 1 where it overflowed."""
    from ntp_dynamics.run.job import Surroundings, run_job
    from ntp_dynamics.study import NonFinite

    console = Console()
    try:
        import_for(config)
        around = Surroundings(overrides, progress=JobProgress(console), resume=resume)
        record = run_job(config, directory, around)
    except (UserError, UserErrors) as error:
        refuse([error] if isinstance(error, UserError) else error.errors)
    except NonFinite as error:
        kept = escaped(str(nearby(directory)))
        remedy = f"lower the step size; the record so far is in {kept}"
        print(f"error: train: {error}; {remedy}", file=sys.stderr)
        sys.exit(1)
    show(record, console)
    return record.returned
