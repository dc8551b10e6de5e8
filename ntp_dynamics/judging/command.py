"""``ntp-judge``: files in, claims held against them, answers out."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ntp_dynamics.curves.gather import read_curve
from ntp_dynamics.judging.claim_file import Claimed, claimed, claims_in
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.options import of_claim
from ntp_dynamics.judging.terminal import lines
from ntp_dynamics.system.errors import UserError, escaped

WORST = (1, 3, 0)
"""Exit codes of several claims, the first that one of them has."""


def judge_files(options: Any) -> int:
    """Answer what was asked; the exit code.  Raises UserError."""
    claims = _claims(options)
    _check(options, len(claims))
    plain = options.json or options.markdown or options.latex
    found = []
    for number, claim in enumerate(claims):
        judged, told = _judged(claim, options)
        found.append(judged)
        if not plain:
            print("\n" * (number > 0) + escaped(told))
            width = shutil.get_terminal_size().columns
            for line in lines(judged, width, picture=sys.stdout.isatty()):
                print(line)
    _write(found, options)
    codes = {judged.exit_code for judged in found}
    return next(code for code in WORST if code in codes)


def _claims(options: Any) -> list[Claimed]:
    said = of_claim(options)
    if options.claim is None:
        if options.law is None and options.envelope is None:
            cure = 'add --law "t^-1 log t", --envelope COLUMN or --claim FILE'
            raise UserError("ntp-judge", "no claim is given", cure)
        return [claimed(said, "--law")]
    if options.law is not None or options.envelope is not None:
        raise UserError("--claim", "the file holds the law", "leave --law and --envelope out")
    return claims_in(Path(options.claim), said)


def _check(options: Any, claims: int) -> None:
    """What can be told before anything is read."""
    if options.figure is not None and claims > 1:
        raise UserError("--figure", "one claim has one picture", "write a --page of several")
    if options.json + options.markdown + options.latex > 1:
        raise UserError("--json", "one form is printed at a time", "leave one of them out")
    for name in ("figure", "page"):
        path = getattr(options, name)
        if path is not None and not Path(path).absolute().parent.is_dir():
            raise UserError(f"--{name}", f"the folder of {path} does not exist", "make it first")


def _judged(claim: Claimed, options: Any) -> tuple[Judged, str]:
    """The answer, and which columns it is about."""
    curve, choice = read_curve([Path(file) for file in options.files], claim.asked)
    judged = hold(claim.statement, curve, claim.where, settles=options.settle)
    count = len(curve.runs)
    runs = f"{count} runs, " if count > 1 else ""
    return judged, f"{curve.source}: {choice.told} ({runs}{curve.t.size:,} places)"


def _write(found: Sequence[Judged], options: Any) -> None:
    """Pages, pictures and rows, where they are asked for."""
    if options.json:
        from ntp_dynamics.judging.pages.schema import to_json

        records = [to_json(judged) for judged in found]
        print(json.dumps(records[0] if len(records) == 1 else records, ensure_ascii=False))
    if options.markdown or options.latex:
        from ntp_dynamics.judging.pages import rows

        print((rows.markdown if options.markdown else rows.latex)(*found))
    if options.figure is not None:
        from ntp_dynamics.judging.pages.picture import draw

        draw(found[0], Path(options.figure))
    if options.page is not None:
        from ntp_dynamics.judging.pages.html import save

        save(Path(options.page), *found)
    if options.logbook is not None:
        from ntp_dynamics.judging.pages.logbook import write

        write(Path(options.logbook), *found)
