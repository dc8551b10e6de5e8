"""Rows of tables for a README or a paper: one row a claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from ntp_dynamics.judging.pages.facts import Facts, facts

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

HEAD = ("claim", "law", "runs kept", "verdict", "numbers")
MARKDOWN = re.compile(r"([\\`*_{}\[\]#!|<>~$&]|:(?=//))")
"""Characters by which a text could become markup, a link, HTML or a cell of its own."""
LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\(<\)",
    ">": r"\(>\)",
    "|": r"\(|\)",
    '"': r"\texttt{\char34}",
    "`": r"\`{}",
    "'": r"{'}",
    "-": r"{-}",
    "[": "{[}",
    "≤": r"\(\leq\)",
    "≥": r"\(\geq\)",
    "→": r"\(\to\)",
    "Ω": r"\(\Omega\)",
    "…": r"\dots{}",
    "·": r"\(\cdot\)",
    "\N{EN DASH}": "--",
    "—": "---",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
"""Hyphens in a row would become a dash; "[" after a line's end would be its argument."""
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}
"""Of Latin letters, in every encoding of LaTeX."""
DOTLESS = {"i": r"\i ", "j": r"\j "}


def markdown(*judged: Judged) -> str:
    """A Markdown table (GitHub's) of some judgements, with its head."""
    rows = [[_marked(cell) for cell in _cells(fact)] for fact in map(facts, judged)]
    lines = [HEAD, ("---",) * len(HEAD), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(*judged: Judged) -> str:
    """A LaTeX tabular of some judgements, which needs no package.

    A character that LaTeX has no command for stands as ``[U+4E2D]``.
    """
    rows = [[_set(cell) for cell in _cells(fact)] for fact in map(facts, judged)]
    body = "".join(f"{' & '.join(row)} \\\\\n" for row in rows)
    head = " & ".join(HEAD)
    columns = r"p{0.27\linewidth}p{0.16\linewidth}lp{0.12\linewidth}p{0.27\linewidth}"
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\hline\n{head} \\\\\n\\hline\n{body}\\hline\n"
        "\\end{tabular}\n"
    )


def _cells(fact: Facts) -> tuple[str, ...]:
    """Of a row, as plain text."""
    claim = f"{fact.title} ({fact.source})" if fact.source else fact.title
    return claim, fact.law, fact.kept, str(fact.label), fact.summary


def _marked(cell: str) -> str:
    """Text in a cell of Markdown."""
    return MARKDOWN.sub(r"\\\1", cell)


def _set(cell: str) -> str:
    """Text in a cell of LaTeX."""
    return "".join(map(_letter, normalize("NFC", cell)))


def _letter(c: str) -> str:
    if c in LATEX:
        return LATEX[c]
    if c.isascii():
        return c
    base, *marks = normalize("NFD", c)
    if len(marks) == 1 and marks[0] in ACCENTS and base.isascii() and base.isalpha():
        return f"\\{ACCENTS[marks[0]]}{{{DOTLESS.get(base, base)}}}"
    return f"{{[}}U+{ord(c):04X}]"
