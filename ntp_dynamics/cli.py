"""The commands.  A mistake of the user is one line on stderr and exit code 2, before any compute.

`ntp-train` composes the configuration once itself, so that it can answer mistakes in its own words,
and then hands over to Hydra.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

# One thread a process, set before torch is imported: two processes with two threads each spin.
os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS") or "1"

from ntp_dynamics.system.environment import check_environment
from ntp_dynamics.system.errors import UserError, UserErrors, escaped, refuse
from ntp_dynamics.system.imports import for_good


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """Print user errors as ``error: where: what; what to do`` and exit with 2; Ctrl-C exits 130."""
    try:
        yield
    except UserError as error:
        refuse([error])
    except UserErrors as errors:
        refuse(errors.errors)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


class OneLineParser(argparse.ArgumentParser):
    """argparse that tells a mistake in one line, as the commands do."""

    def error(self, message: str) -> NoReturn:
        refuse([UserError(self.prog, message, f"see {self.prog} --help")])


def show(arguments: Sequence[str] | None = None) -> None:
    """``ntp-show DIR [--judge] [--json]``: the verdicts of a record or a sweep, again."""
    parser = OneLineParser(
        prog="ntp-show", description="The verdicts of a record, or the map of a sweep, again."
    )
    parser.add_argument("directory", help="a run or a sweep")
    parser.add_argument(
        "--judge", action="store_true", help="judge what was recorded by today's rules; read-only"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        from pathlib import Path

        from rich.console import Console

        from ntp_dynamics.report.review import review

        review(Path(options.directory), Console(), judge=options.judge, as_json=options.json)


def train() -> None:
    """``ntp-train [overrides]``: one job; ``-m`` sweeps."""
    with mistakes_in_one_line():
        check_environment()
        with for_good():
            from ntp_dynamics.launch.command import launch

        launch(sys.argv[1:])


def resume(arguments: Sequence[str] | None = None) -> None:
    """``ntp-resume DIR``: go on with a job or a sweep that was cut short."""
    parser = OneLineParser(
        prog="ntp-resume",
        description="Go on with a job or a sweep that was cut short: what is done is kept.",
    )
    parser.add_argument("directory", help="a run or a sweep")
    parser.add_argument(
        "--allow-changed",
        action="store_true",
        help="also where the version, or what was asked for, has changed since; records say so",
    )
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        check_environment()
        with for_good():
            from pathlib import Path

            from ntp_dynamics.launch.again import go_on

        go_on(Path(options.directory), allow_changed=options.allow_changed)


def judge(arguments: Sequence[str] | None = None) -> NoReturn:
    """``ntp-judge FILE --law LAW``: hold a law against curves that were logged."""
    from ntp_dynamics.judging.options import fill

    parser = OneLineParser(prog="ntp-judge")
    fill(parser)
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        from ntp_dynamics.judging.command import judge_files

        sys.exit(judge_files(options))


def dashboard(arguments: Sequence[str] | None = None) -> None:
    """``ntp-dashboard DIR [--port P] [--export FILE.html]``: look at runs and sweeps."""
    parser = OneLineParser(
        prog="ntp-dashboard", description="Look at runs and sweeps in a browser."
    )
    parser.add_argument("directory", help="a run, a sweep, or a folder of them")
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 (8050)", default=8050)
    parser.add_argument("--export", metavar="FILE.html", help="write one self-contained page")
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        from pathlib import Path

        from ntp_dynamics.dashboard.serve import serve, usable

        root = usable(Path(options.directory))
        if options.export is None:
            serve(root, options.port)
        else:
            from ntp_dynamics.dashboard.export import export

            print(escaped(str(export(root, Path(options.export)))))
