"""A corpus as the lines of a file, in the format of `data.corpus`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.data.corpus import Corpus


def lines_of(corpus: Corpus) -> Iterator[str]:
    """Integers if the vocabulary is unnamed, else strings; labels of their own by name."""
    more = {"unused": corpus.unused} if corpus.unused else {}
    more |= {"labels": list(corpus.labels)} if corpus.labels else {}
    yield json.dumps({"vocab": list(corpus.vocab), **more}, ensure_ascii=False)
    written = corpus.vocab if corpus.unnamed else list(map(_quoted, corpus.vocab))
    following = list(map(_quoted, corpus.labels)) or written
    tokens = list(map(written.__getitem__, corpus.rows.flat.tolist()))
    labels = map(following.__getitem__, corpus.label.tolist())
    start = corpus.rows.start.tolist()
    samples = zip(start[:-1], start[1:], labels, corpus.weight.tolist(), strict=True)
    for a, b, label, weight in samples:
        sentence = ", ".join(tokens[a:b])
        yield f'{{"tokens": [{sentence}], "next": {label}, "weight": {weight!r}}}'


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
