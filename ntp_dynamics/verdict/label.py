"""The one word of a verdict, and everything by which it is told: colours, letter, severity."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from ntp_dynamics.verdict.palette import BLUE, GREEN, ORANGE, PINK, RED, SKY, YELLOW

WHITE, DARK = "#FFFFFF", "#111111"
OUTSIDE = "not covered"
"""How what is observed beyond the hypotheses is marked, wherever it stands."""


class Label(StrEnum):
    """A label, in the order in which labels are listed; as a string it is its word.

    colour, ink   of a mark, and of what is written on it
    letter        says it where colour cannot
    style         on a terminal, in the words of rich
    severity      0 is the worst: of several verdicts on one claim that counts
    good          the claim is kept
    quiet         nothing was found, so its mark recedes into the page
    """

    colour: str
    ink: str
    letter: str
    style: str
    severity: int
    good: bool
    quiet: bool

    def __new__(
        cls, word: str, colour: str, ink: str, letter: str, style: str, severity: int
    ) -> Self:
        label = str.__new__(cls, word)
        label._value_ = word
        label.colour, label.ink, label.letter = colour, ink, letter
        label.style, label.severity = style, severity
        label.good = word in ("holds", "tight", "faster")
        label.quiet = word == "does not apply"
        return label

    holds = "holds", GREEN, WHITE, "h", "green", 5
    tight = "tight", BLUE, WHITE, "t", "bold green", 6
    faster = "faster", SKY, DARK, "f", "cyan", 7
    vacuous = "vacuous", YELLOW, DARK, "v", "yellow", 2
    inconclusive = "inconclusive", ORANGE, DARK, "?", "yellow", 3
    does_not_apply = "does not apply", "#EEEEEE", DARK, "-", "dim", 4
    invalid = "invalid", PINK, DARK, "!", "magenta", 1
    contradicted = "contradicted", RED, WHITE, "X", "bold red", 0

    @classmethod
    def known(cls, word: Any) -> Label | None:
        """The label with this word; None for anything else, such as a label of another version."""
        return cls._value2member_map_.get(word) if isinstance(word, str) else None  # type: ignore[return-value]


class Seen(StrEnum):
    """What is observed of a claim that does not apply: no label, and drawn as an outline."""

    colour: str
    letter: str
    severity: int

    def __new__(cls, word: str, colour: str, letter: str, severity: int) -> Self:
        seen = str.__new__(cls, word)
        seen._value_ = word
        seen.colour, seen.letter, seen.severity = colour, letter, severity
        return seen

    kept = "kept", GREEN, "k", 2
    undecided = "undecided", ORANGE, "u", 1
    not_kept = "not kept", RED, "n", 0

    @property
    def mark(self) -> str:
        """Its word where it stands among labels."""
        return f"{OUTSIDE}: {self}"

    @classmethod
    def known(cls, word: Any) -> Seen | None:
        """The one with this word; None for anything else."""
        return cls._value2member_map_.get(word) if isinstance(word, str) else None  # type: ignore[return-value]


def marks() -> dict[str, dict[str, Any]]:
    """What pages draw labels by, in their order, and what is observed where there is none."""
    names = ("colour", "ink", "letter", "quiet")
    labels = {str(label): {name: getattr(label, name) for name in names} for label in Label}
    outline = {"ink": DARK, "quiet": True, "outline": True}
    seen = {x.mark: {"colour": x.colour, "letter": x.letter, **outline} for x in Seen}
    return labels | seen
