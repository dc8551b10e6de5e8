"""The targets of a job, solved once for all that share them."""

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import gaussian, standard
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.targets import solve_targets

SIZE = 6
SMALL = RealizableDataset(vocab_size=SIZE, queries=2)
EMBEDDING = standard(SIZE, SIZE, np.random.default_rng(0))


def corpus(seed: int) -> Corpus:
    """Equal for equal seeds, and always another object."""
    return generate(SMALL, np.random.default_rng(seed))


def targets(corpora, embeddings):
    return solve_targets(corpora, [recognise(corpus) for corpus in corpora], embeddings)


def test_runs_and_jobs_with_one_corpus_share_the_work():
    first, again, other = targets([corpus(0), corpus(0), corpus(1)], [EMBEDDING] * 3)
    assert first is again is not other
    assert targets([corpus(1), corpus(0)], [EMBEDDING] * 2) == [other, first]


def test_another_gram_matrix_has_its_own_targets():
    one, two = (gaussian(SIZE, SIZE, np.random.default_rng(seed)) for seed in (0, 1))
    a, b, c, d = targets([corpus(0)] * 4, [EMBEDDING, one, two, one])
    assert b is d
    assert len({id(target) for target in (a, b, c)}) == 3


def test_a_job_keeps_only_its_own_targets_for_the_next():
    (first,) = targets([corpus(0)], [EMBEDDING])
    targets([corpus(1)], [EMBEDDING])
    (anew,) = targets([corpus(0)], [EMBEDDING])
    assert anew is not first
    assert anew.attention == first.attention
