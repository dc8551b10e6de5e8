"""A text as numbered tokens: words or characters, the most frequent ones, sentence by sentence."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.rows import Rows

END = "\0"
"""Stands between two sentences while a text is cut; no word holds it."""
WORD = re.compile(rf"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|{END}")
"""Letters of any script, with an apostrophe within; figures and punctuation are no words."""
SENTENCE = re.compile(r"[.!?]+(?=\s|$)|\n\s*\n")


class Tokens(NamedTuple):
    """Numbered tokens, a row a sentence; -1 is one that is not in the vocabulary."""

    rows: Rows
    vocab: tuple[str, ...]
    kinds: int
    """Distinct tokens, in the vocabulary or not."""

    @property
    def known(self) -> int:
        """So many tokens are in the vocabulary."""
        return int((self.rows.flat >= 0).sum())


def by_line(text: str) -> str:
    """A sentence a line."""
    return text.replace(END, " ").replace("\n", END)


def by_sentence(text: str) -> str:
    """A sentence ends with ``.``, ``!`` or ``?`` before a blank, or at an empty line."""
    return SENTENCE.sub(END, text.replace(END, " "))


def whole(text: str) -> str:
    """One sequence."""
    return text.replace(END, " ")


def words(text: str, vocabulary: int | None) -> Tokens:
    """The words of a text cut by one of the above."""
    found = WORD.findall(text)
    count = Counter(found)
    del count[END]
    vocab = tuple(word for word, _ in count.most_common(vocabulary))
    number = dict(zip(vocab, range(len(vocab)), strict=True)) | {END: -2}
    ids = np.fromiter((number.get(word, -1) for word in found), np.int32, len(found))
    return Tokens(_rows(ids), vocab, len(count))


def characters(text: str, vocabulary: int | None) -> Tokens:
    """The characters of a text cut by one of the above, blanks and line ends among them."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds, first, which, count = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    is_end = kinds == ord(END)
    order = np.lexsort((first, -count, is_end))[: len(kinds) - is_end.sum()]  # as `Counter` has it
    number = np.where(is_end, -2, -1).astype(np.int32)
    chosen = order[:vocabulary]
    number[chosen] = np.arange(len(chosen))
    return Tokens(_rows(number[which]), tuple(map(chr, kinds[chosen].tolist())), len(order))


def _rows(ids: Int[np.ndarray, " T"]) -> Rows:
    """Rows that end where -2 stands; empty ones are left out."""
    ends = np.flatnonzero(ids == -2)
    begin = np.unique(ends - np.arange(len(ends)))  # where a row begins, the ends taken out
    tokens = ids[ids != -2]
    bounds = np.concatenate([[0], begin[(begin > 0) & (begin < len(tokens))], [len(tokens)]])
    return Rows(tokens, np.unique(bounds).astype(np.int64))
