"""A corpus from text: words or characters, the most frequent ones, windows or prefixes.

    text      ->  tokens     words (letters, lower case) or characters; or ids, already numbers
              ->  numbers    the most frequent ones are the vocabulary, the others are cut out
              ->  samples    each window of C tokens, or each prefix of a sentence, and what follows
              ->  weights    how often each sample occurs, or 1

A sample that would hold a token outside the vocabulary is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from ntp_dynamics.studies.next_token.data import ids, tokens
from ntp_dynamics.studies.next_token.data.rows import Rows, joined_rows
from ntp_dynamics.studies.next_token.data.source import text_of, told
from ntp_dynamics.studies.next_token.data.tokens import Tokens
from ntp_dynamics.studies.next_token.data.windows import (
    Cut,
    joined,
    prefix_tokens,
    prefixes,
    windows,
)
from ntp_dynamics.studies.next_token.data.written import MAX_TOKENS, MAX_VOCAB, Samples
from ntp_dynamics.system.errors import UserError, short

Source = str | Path | np.ndarray

MOST = 100_000_000
"""So many tokens all samples together may have."""


class Unit(StrEnum):
    """What a token is."""

    words = "words"
    characters = "characters"
    ids = "ids"


class Weights(StrEnum):
    """What a sample weighs."""

    counts = "counts"
    uniform = "uniform"


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a text becomes samples."""

    unit: Unit = Unit.words
    vocabulary: int | None = None
    """So many tokens, the most frequent ones; None: all."""
    window: tuple[int, ...] | None = (4,)
    """Lengths of windows, or one; None: every prefix of a sentence."""
    lines: bool = False
    """Whether a sentence is a line; no sample crosses into another sentence."""
    weights: Weights = Weights.counts
    keep_case: bool = False

    def __post_init__(self) -> None:
        """Raises UserError for a word that is none of the choices, or a size out of range."""
        for field, choices in (("unit", Unit), ("weights", Weights)):
            word = getattr(self, field)
            if word not in [*choices]:
                raise UserError(field, f"{short(repr(word))} is no choice", f"say {_or(choices)}")
            object.__setattr__(self, field, choices(word))
        if self.window is not None:
            object.__setattr__(self, "window", tuple(np.atleast_1d(self.window).tolist()))
        if self.vocabulary is not None:
            _check_size("vocabulary", self.vocabulary, 2, MAX_VOCAB)
        for length in self.window or ():
            _check_size("window", length, 1, MAX_TOKENS)
        if self.window is not None and len({*self.window}) != max(len(self.window), 1):
            raise UserError("window", "a length is missing or stands twice", "say each once")


def _check_size(where: str, size: int, least: int, most: int) -> None:
    if not least <= size <= most:
        remedy = f"give a whole number from {least} to {most:,}"
        raise UserError(where, f"{size:,} is out of range", remedy)


def _or(choices: type[StrEnum]) -> str:
    return " or ".join(choices)


@dataclass(frozen=True)
class Reading:
    """What became of texts."""

    samples: Samples
    """Each as often as it occurs, of weight one."""
    form: Form
    where: str
    tokens: int
    known: int
    """So many tokens are in the vocabulary."""
    kinds: int
    """Distinct tokens."""
    possible: int
    """So many samples there would be if every token were in the vocabulary."""

    def told(self, distinct: int) -> str:
        """What was made, for a person; so many of the samples are ``distinct``."""
        made, window = len(self.samples.label), self.form.window
        lengths = " and ".join(map(str, window or ()))
        what = f"windows of {lengths} and what follows" if window else "beginnings of sentences"
        cut = self.possible - made
        return "\n".join(
            [
                f"{self.where}: {self.tokens:,} {self.form.unit}, {self.kinds:,} distinct",
                f"vocabulary: {len(self.samples.vocab):,}, "
                f"{self.known / self.tokens:.2%} of the {self.form.unit}",
                f"{what}: {self.possible:,}; {cut:,} cut for what is not in the vocabulary, "
                f"{made:,} are left ({made / self.possible:.2%})",
                f"samples: {distinct:,} distinct, weights {self.form.weights}",
            ]
        )


def read_text(source: Source | Sequence[Source], form: Form) -> Reading:
    """Cut a text into samples, or several; no sample crosses from one into another.

    A source is a text, or the Path of one (``-``: standard input); with ``unit=ids`` the Path of a
    matrix of ids, or the array.  Raises UserError where nothing is left.
    """
    sources = [source] if isinstance(source, str | Path | np.ndarray) else list(source)
    places = [told(x) if isinstance(x, Path) else "text" for x in sources]
    where = places[0] if len(places) == 1 else f"{len(places):,} files"
    found = _tokens(sources, places, form, where)
    cut = _cut(found, form, where)
    if not len(cut.label):
        what = f"of {cut.possible:,} samples none lies within the vocabulary"
        if not cut.possible:
            what = "no sentence is long enough for a sample"
        raise UserError(where, what, "give a larger vocabulary, shorter windows or more text")
    samples = Samples(cut.rows, cut.label, np.ones(len(cut.label)), found.vocab, 0)
    sizes = len(found.rows.flat), found.known, found.kinds, cut.possible
    return Reading(samples, form, where, *sizes)


def _tokens(sources: Sequence[Source], places: Sequence[str], form: Form, where: str) -> Tokens:
    if form.unit is Unit.ids:
        rows = [_ids(x, place) for x, place in zip(sources, places, strict=True)]
        found = ids.numbered(joined_rows(rows), form.vocabulary)
    else:
        apart = tokens.by_sentence if form.window is None else tokens.whole
        apart = tokens.by_line if form.lines else apart
        texts = [_text(x, form.keep_case) for x in sources]
        number = tokens.words if form.unit is Unit.words else tokens.characters
        found = number(tokens.END.join(map(apart, texts)), form.vocabulary)
    if len(found.vocab) < 2:
        many = f"{found.kinds:,} distinct {form.unit}"
        raise UserError(where, f"it holds {many}", "nothing is left to predict: give at least two")
    if len(found.vocab) > MAX_VOCAB:
        what = f"it holds {found.kinds:,} distinct {form.unit}"
        raise UserError(where, what, f"give a vocabulary of at most {MAX_VOCAB:,}")
    return found


def _ids(source: Source, place: str) -> Rows:
    if isinstance(source, str):
        raise UserError("text", "ids are asked for, and it is a text", "give a Path or an array")
    return ids.read_ids(source) if isinstance(source, Path) else ids.rows_of(source, place)


def _text(source: Source, keep_case: bool) -> str:
    if isinstance(source, np.ndarray):
        raise UserError("text", "it is an array, not a text", "give unit=ids")
    text = text_of(source) if isinstance(source, Path) else source
    text = text.replace("\r\n", "\n")
    return text if keep_case else text.lower()


def _cut(found: Tokens, form: Form, where: str) -> Cut:
    """The samples.  Raises UserError where they would fill the memory."""
    size = len(found.rows.flat) * sum(form.window or ())
    size = size if form.window else prefix_tokens(found.rows, MAX_TOKENS)
    if size > MOST:
        what = f"its samples would have {size:,} tokens"
        raise UserError(where, what, f"{MOST:,} is the most: give less text or shorter samples")
    if form.window is None:
        return prefixes(found.rows, MAX_TOKENS)
    return joined([windows(found.rows, length) for length in form.window])
