"""What `ntp-judge` can be asked."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

DESCRIPTION = "Hold a law against logged curves: kept, contradicted or undecided."
EPILOG = """\
examples:
  ntp-judge log.csv --law "t^-1 log t"
      is the loss at most C log t / t, for some constant C?
  ntp-judge seed*.jsonl --law "y <= 3 t^-1/2" --column val/loss
      a bound with its constant, held against a run a file, and each run has to keep it
  ntp-judge runs/ --law "exp(-c t)" --t epoch --floor 1e-7 --page claim.html
      a TensorBoard folder; values near 1e-7 are rounding; the answer as a page

files:  CSV and TSV, JSON lines, npz, netCDF, TensorBoard event files and folders, trackio
        projects, wandb offline runs, records of ntp-train.  Several files are several runs.
laws:   t^-1 log t   O(...)   Omega(...)   y <= 3/t   y >= 0.5 log t   y = 2 exp(-t)   y -> 3/t
        0.2 t <= y <= 0.4 t   exp(-c t) (some rate c > 0)   never rises   never falls
exit:   0 kept, 1 contradicted, 2 cannot be read, 3 undecided (of several claims: 1 before 3)
"""
CLAIM = (
    "law", "constant", "side", "envelope", "column", "t", "by", "clock", "unit", "start", "floor",
    "ceiling", "tolerance", "about", "text", "source", "transient",
)  # fmt: skip
"""Options that are fields of a claim."""


def fill(parser: ArgumentParser) -> None:
    """Give a parser the options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file or folder of curves")
    claim = parser.add_argument_group("the claim")
    claim.add_argument("--law", help="in the field's notation, see below")
    claim.add_argument("--claim", metavar="FILE", help="claims as data, YAML or JSON")
    claim.add_argument("--constant", type=float, metavar="C", help="of a law without its own")
    claim.add_argument("--side", choices=("upper", "lower"), help="y <= C f (upper) or y >= C f")
    claim.add_argument("--envelope", metavar="COLUMN", help="a bound that was logged beside y")
    claim.add_argument("--start", type=float, metavar="T", help="the claim speaks from there on")
    claim.add_argument("--floor", type=float, metavar="Y", help="what lies below is rounding")
    claim.add_argument("--ceiling", type=float, metavar="Y", help="the largest value y can take")
    claim.add_argument("--tolerance", type=float, help="relative, of y = ... and y -> ... (0.05)")
    claim.add_argument(
        "--no-transient",
        dest="transient",
        action="store_const",
        const=False,
        help="t is a size: nothing dies out along it, and every place counts",
    )
    claim.add_argument(
        "--about", choices=("run", "ensemble"), help="each run keeps it (run), or their mean"
    )
    claim.add_argument("--text", help="the claim in words")
    claim.add_argument("--source", help="where it was made")
    data = parser.add_argument_group("the data")
    data.add_argument("--t", metavar="COLUMN", help="the clock")
    data.add_argument(
        "--column", action="append", metavar="NAME", help="y: a name or a pattern; repeat for runs"
    )
    data.add_argument("--by", metavar="COLUMN", help="tells the runs of a long table apart")
    data.add_argument("--clock", metavar="NAME", help="what t counts, for sentences")
    data.add_argument("--unit", help="of t, for sentences")
    out = parser.add_argument_group("the answer")
    out.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")
    out.add_argument("--markdown", action="store_true", help="print a row of a Markdown table")
    out.add_argument("--latex", action="store_true", help="print a row of a LaTeX table")
    out.add_argument("--figure", metavar="FILE", help="draw it: .png, .pdf or .svg")
    out.add_argument("--page", metavar="FILE.html", help="write one page that opens from disk")
    out.add_argument("--logbook", metavar="DIR", help="add a page to the trackio logbook there")
    out.add_argument(
        "--no-settle", dest="settle", action="store_false", help="skip what would settle it"
    )


def of_claim(options: Any) -> dict[str, Any]:
    """The fields of a claim that were given."""
    return {name: x for name in CLAIM if (x := getattr(options, name)) is not None}
