"""Figures of the study: where attention goes, and the paper's Figure 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ntp_dynamics.config.choices import Figures
from ntp_dynamics.draw.evolution import Evolution, Share
from ntp_dynamics.draw.sheets import Sheet
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.figure2 import figure2

if TYPE_CHECKING:
    import xarray


def sheets(
    tree: xarray.DataTree, inputs: Mapping[str, Any], which: Figures, title: str
) -> Iterator[Sheet]:
    """The paper's Figure 2 where it is asked for, and the evolution of attention."""
    corpora = inputs["corpora"]
    if which in (Figures.paper, Figures.all):
        yield Sheet("figure2", partial(figure2, tree, corpora), title=title)
    if "attention" in tree and "attention" in tree.children["attention"].dataset:
        yield Sheet("attention", partial(attention_panels, tree, corpora[0], 0), size=(4.3, 2.5))


def attention_panels(
    tree: xarray.DataTree, corpus: Corpus, run: int, sentences: Sequence[int] | None = None
) -> list[Evolution]:
    """Where the last token of chosen sentences looks, over the checkpoints.

    ``sentences`` are sample numbers; None takes, for up to six queries, the one with most tokens.
    """
    data = tree.children[Stage.attention].dataset
    t = data["checkpoint"].values.astype(float)
    chosen = telling_sentences(corpus) if sentences is None else sentences
    collocation = {
        s[0]: y for s, y in zip(corpus.sentences, corpus.next_tokens, strict=True) if len(s) == 1
    }
    drawings = []
    for i in chosen:
        sentence, label = corpus.sentences[i], corpus.next_tokens[i]
        mass = data["attention"].values[run, :, i]
        shares = [
            Share(
                corpus.vocab[token] + " (query)" * (token == sentence[-1]),
                mass[:, k],
                main=collocation.get(token) == label,
            )
            for k, token in enumerate(dict.fromkeys(sentence))
        ]
        title = f"run {run}, sample {i}: {corpus.spell(i)}"
        drawings.append(Evolution(title, t, shares, quantity="attention"))
    return drawings


def telling_sentences(corpus: Corpus, most: int = 6) -> list[int]:
    """Of each query the sample with most distinct tokens, for the first queries."""
    best: dict[int, int] = {}
    for i, sentence in enumerate(corpus.sentences):
        rival = corpus.sentences[best[sentence[-1]]] if sentence[-1] in best else ()
        if len(sentence) > 1 and len(set(sentence)) > len(set(rival)):
            best[sentence[-1]] = i
    return [best[query] for query in sorted(best)][:most]
