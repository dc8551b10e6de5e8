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
from pathlib import Path
from typing import Any, NoReturn

# One thread a process, set before torch is imported: two processes with two threads each spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from ntp_dynamics.lab.errors import UserError, UserErrors  # noqa: E402


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """Print user errors as ``error: where: what; what to do`` and exit with 2; Ctrl-C exits 130."""
    try:
        yield
    except UserError as error:
        _fail([error])
    except UserErrors as errors:
        _fail(errors.errors)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(errors: Sequence[UserError]) -> NoReturn:
    for error in errors:
        print(f"error: {error}".replace("\n", " "), file=sys.stderr)
    sys.exit(2)


def check(arguments: Sequence[str] | None = None) -> None:
    """``ntp-check FILE [--json]``: exit 0 realizable, 1 not, 2 not a corpus."""
    parser = argparse.ArgumentParser(
        prog="ntp-check", description="Is a corpus realizable, and which assumptions does it meet?"
    )
    parser.add_argument("file", help="a corpus in JSON Lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        import json

        from ntp_dynamics.data.corpus import Corpus
        from ntp_dynamics.theory.assumptions import check as check_corpus

        report = check_corpus(Corpus.read(options.file))
        print(json.dumps(report.to_json()) if options.json else report.text())
        sys.exit(0 if report.realizable else 1)


def train() -> None:
    """``ntp-train [overrides]``: one job; ``-m`` sweeps."""
    with mistakes_in_one_line():
        from ntp_dynamics.launch import launch

        launch(sys.argv[1:])
