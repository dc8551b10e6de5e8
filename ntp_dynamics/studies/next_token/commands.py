"""The commands of the study."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ntp_dynamics.cli import OneLineParser, mistakes_in_one_line
from ntp_dynamics.system.errors import UserError, escaped, raise_all

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.data.corpus import Corpus
    from ntp_dynamics.studies.next_token.repair.part import Part

EXAMPLES = """\
examples:
  ntp-corpus novel.txt -o novel.jsonl                     windows of four words
  ntp-corpus novel.txt.gz --vocabulary 500 --window 1,8 -o novel.jsonl
  ntp-corpus verses.txt --lines --prefixes -o verses.jsonl  each beginning of each line
  zcat *.gz | ntp-corpus - --characters --window 8 -o letters.jsonl
  ntp-corpus ids.npy --ids --vocabulary 2000 -o ids.jsonl   your own tokens, a sentence a row
  ntp-corpus novel.txt --vocabulary 100 --realizable-part part.jsonl --assumption1 --assumption3
then:
  ntp-check part.jsonl
  ntp-train dataset=file dataset.path=part.jsonl runs=1
"""


def check(arguments: Sequence[str] | None = None) -> None:
    """``ntp-check FILE [--json]``: exit 0 realizable, 1 not, 2 not a corpus."""
    parser = OneLineParser(
        prog="ntp-check", description="Is a corpus realizable, and which assumptions does it meet?"
    )
    parser.add_argument("file", help="a corpus in JSON Lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    _ask_for_a_part(parser)
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        import json

        from ntp_dynamics.studies.next_token.data.corpus import Corpus
        from ntp_dynamics.studies.next_token.repair import tell
        from ntp_dynamics.studies.next_token.theory.assumptions import check as check_corpus

        _check_outputs(options, [options.file])
        report = check_corpus(Corpus.read(options.file))
        part = _part(report.corpus, options)
        if options.json:
            told = report.to_json() | ({"realizable_part": tell.plain(part)} if part else {})
            _say(json.dumps(told))
        else:
            _say("\n\n".join([report.text(), *([tell.told(part)] if part else [])]))
        sys.exit(0 if report.realizable else 1)


def corpus(arguments: Sequence[str] | None = None) -> None:
    """``ntp-corpus FILE ... -o OUT.jsonl``: a corpus from text, or from ids."""
    parser = OneLineParser(
        prog="ntp-corpus",
        description="Make a corpus from text: words, characters, or ids that are numbers already.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="+", help="a text in UTF-8, maybe packed by gzip; - is standard input"
    )
    parser.add_argument("-o", "--output", metavar="OUT.jsonl", help="write the corpus here")
    unit = parser.add_mutually_exclusive_group()
    for name, help_text in (
        ("words", "letters with an apostrophe within (default)"),
        ("characters", "every character, blanks too"),
        ("ids", "integers from 0 on: .npy, .npz or text, a sentence a row, -1 where it ends"),
    ):
        unit.add_argument(
            f"--{name}", dest="unit", action="store_const", const=name, help=help_text
        )
    parser.add_argument(
        "--vocabulary", type=int, metavar="N", help="the N most frequent tokens (default: all)"
    )
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--window", type=_lengths, metavar="C[,C]", help="samples of C tokens and the next (4)"
    )
    cut.add_argument("--prefixes", action="store_true", help="each beginning of each sentence")
    parser.add_argument("--lines", action="store_true", help="a sentence is a line")
    parser.add_argument(
        "--weights", choices=("counts", "uniform"), default="counts", help="what a sample weighs"
    )
    parser.add_argument("--keep-case", action="store_true", help="The and the are two words")
    _ask_for_a_part(parser)
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        _make(options)


def _make(options: argparse.Namespace) -> None:
    from ntp_dynamics.studies.next_token.data.corpus import Corpus
    from ntp_dynamics.studies.next_token.data.text import Form, Unit, Weights, read_text
    from ntp_dynamics.studies.next_token.repair import tell

    _check_outputs(options, options.file)
    if not (options.output is not None or options.realizable_part):
        raise UserError("ntp-corpus", "nothing is to be written", "add -o OUT.jsonl")
    if options.unit == "ids" and options.keep_case:
        raise UserError("--keep-case", "ids have none", "leave it out")
    if options.unit == "ids" and options.lines:
        raise UserError("--lines", "a row of ids is a sentence as it is", "leave it out")
    form = Form(
        unit=Unit(options.unit or "words"),
        vocabulary=options.vocabulary,
        window=None if options.prefixes else options.window or (4,),
        lines=options.lines,
        weights=Weights(options.weights),
        keep_case=options.keep_case,
    )
    reading = read_text([Path(name) for name in options.file], form)
    made = Corpus.from_arrays(*reading.samples)
    made = made.uniform() if form.weights is Weights.uniform else made
    _say(reading.told(made.size))
    if options.output:
        _write(options.output, made.lines())
    if part := _part(made, options):
        _say(tell.told(part))


def _ask_for_a_part(parser: argparse.ArgumentParser) -> None:
    asked = parser.add_argument_group("the largest realizable part")
    asked.add_argument("--realizable-part", metavar="OUT.jsonl", help="write what can be kept here")
    asked.add_argument(
        "--assumption1", action="store_true", help="no shared continuation, no confused token"
    )
    asked.add_argument(
        "--assumption3", action="store_true", help="the optimal token has the most copies"
    )
    asked.add_argument(
        "--collocation",
        choices=("declared", "attested"),
        help="a token's continuation may be any label of its samples, or must follow it somewhere",
    )
    asked.add_argument(
        "--prove", type=float, metavar="SECONDS", help="so long look for the largest, with a proof"
    )
    asked.add_argument("--dropped", metavar="OUT.jsonl", help="each dropped sample, and why")


def _part(whole: Corpus, options: argparse.Namespace) -> Part | None:
    """The part that is asked for, written."""
    if not options.realizable_part:
        return None
    if whole.labels:
        what = "parts are sought of corpora whose labels are tokens, and these are none"
        raise UserError("--realizable-part", what, "leave it out")
    from ntp_dynamics.studies.next_token.repair import tell
    from ntp_dynamics.studies.next_token.repair.part import realizable_part
    from ntp_dynamics.studies.next_token.repair.terms import Choice, Terms

    terms = Terms(
        assumption1=options.assumption1,
        assumption3=options.assumption3,
        collocation=Choice(options.collocation or "declared"),
    )
    part = realizable_part(whole, terms, seconds=options.prove)
    _write(options.realizable_part, part.corpus().lines())
    if options.dropped:
        _write(options.dropped, tell.dropped_lines(part))
    return part


def _check_outputs(options: argparse.Namespace, inputs: Sequence[str]) -> None:
    """Raise UserError, before anything is read, for files that could not be written."""
    outputs = [getattr(options, "output", None), options.realizable_part, options.dropped]
    names = [name for name in outputs if name is not None]
    mistakes = [mistake for name in names if (mistake := _unwritable(name))]
    places = [os.path.realpath(name) for name in names]
    for name, place in zip(names, places, strict=True):
        if places.count(place) > 1 or place in map(os.path.realpath, inputs):
            mistakes.append(UserError(name, "it is given twice", "write to another file"))
    if options.prove is not None and not 0 < options.prove < float("inf"):
        mistakes.append(UserError("--prove", f"{options.prove} is refused", "give seconds > 0"))
    for key in ("assumption1", "assumption3", "collocation", "prove", "dropped"):
        if getattr(options, key) and not options.realizable_part:
            remedy = "add --realizable-part OUT.jsonl"
            mistakes.append(UserError(f"--{key}", "it is about a part of the corpus", remedy))
    raise_all(mistakes)


def _unwritable(name: str) -> UserError | None:
    if not name or os.path.isdir(name):
        return UserError(name or "output", "it is not the name of a file", "give a file's name")
    if not os.path.isdir(os.path.dirname(name) or "."):
        return UserError(name, "its directory does not exist", "make the directory first")
    return None


def _write(name: str, lines: Iterable[str]) -> None:
    try:
        with open(name, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it cannot be written").lower()
        raise UserError(name, reason, "write to another file") from error
    print(f"written: {escaped(name)}", file=sys.stderr)


def _lengths(text: str) -> tuple[int, ...]:
    """``4`` or ``1,4``."""
    try:
        return tuple(int(length) for length in text.split(","))
    except ValueError:
        what = f"{escaped(text)!r} is not a whole number, or several by commas"
        raise argparse.ArgumentTypeError(what) from None


def _say(text: str) -> None:
    """On the terminal, whatever it can print."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
