"""The one word of a verdict, and everything by which it is told: colours, letter, severity."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from ntp_dynamics.verdict.palette import BLUE, GREEN, ORANGE, PINK, RED, SKY, YELLOW

WHITE, DARK = "#FFFFFF", "#111111"


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


def marks() -> dict[str, dict[str, Any]]:
    """What pages draw labels by, in their order."""
    names = ("colour", "ink", "letter", "quiet")
    return {str(label): {name: getattr(label, name) for name in names} for label in Label}
