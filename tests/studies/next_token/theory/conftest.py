"""Constants of a job on corpora written by hand, by the way a job itself takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import draw_embeddings, streams
from ntp_dynamics.studies.next_token.data.folded import fold
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.linear import solve_linear
from ntp_dynamics.studies.next_token.theory.constants import Constants, make_constants
from ntp_dynamics.studies.next_token.theory.targets import Targets, solve_targets

Samples = Sequence[tuple[Any, ...]]


@cache
def _config(overrides: tuple[str, ...]) -> Config:
    return read_config(compose_job(overrides))


@pytest.fixture(scope="session")
def constants_of() -> Callable[..., Constants]:
    """``constants_of([samples of run 0, ...], V, *overrides, **observed)``.

    With ``folded`` the tokens that no sample uses stand together, as in a job from a file.

    The logits observed are those of margin 9 on every token with a known continuation, unless they
    are given; targets are solved for, unless they are given.
    """

    def make(
        runs: Sequence[Samples],
        v: int,
        *overrides: str,
        targets: Sequence[Targets] | None = None,
        folded: bool = False,
        labels: tuple[str, ...] = (),
        **observed: Any,
    ) -> Constants:
        config = _config((f"runs={len(runs)}", *overrides))
        corpora = [Corpus.from_samples(x, vocab_size=v, labels=labels) for x in runs]
        corpora = [fold(corpus) for corpus in corpora] if folded else corpora
        v = corpora[0].vocab_size
        recognitions = [recognise(corpus) for corpus in corpora]
        embeddings = draw_embeddings(config, streams(config), corpora[0])
        targets = targets or solve_targets(corpora, recognitions, embeddings)
        logits = np.zeros((len(runs), len(labels) or v, v))
        for run, found in enumerate(recognitions):
            for token, following in enumerate(found.collocation):
                if following >= 0:
                    logits[run, following, token] = 9.0
        observed = {"logits": logits, **observed}
        linear = solve_linear(config, corpora, recognitions)
        given = config, corpora, recognitions, embeddings, targets, observed
        return make_constants(*given, linear)

    return make
