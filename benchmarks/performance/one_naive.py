"""``python -m benchmarks.performance.one_naive CORPUS STEPS``: the naive loop in a process."""

from __future__ import annotations

import sys

import torch

from benchmarks.performance.corpora import MARGIN
from benchmarks.performance.naive import Naive
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import exact_margin

if __name__ == "__main__":
    torch.set_num_threads(1)
    corpus = Corpus.read(sys.argv[1])
    batch = pack([corpus], [recognise(corpus).collocation])
    Naive(corpus, exact_margin(MARGIN, batch)[0], 0.05).steps(int(sys.argv[2]))
