"""The softmax-linear stages of a job: their targets, and their losses as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.linear_losses import log_head_loss, soft_loss
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget
from ntp_dynamics.studies.next_token.theory.log_head import log_target
from ntp_dynamics.studies.next_token.theory.soft_labels import soft_target, taught

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.problem import Known


def solve_linear(
    config: Config, corpora: Sequence[Corpus], recognitions: Sequence[Recognition]
) -> Mapping[Stage, list[LinearTarget]]:
    """The targets of every such stage, of each run; runs that share a corpus share the work."""
    found: dict[Stage, list[LinearTarget]] = {}
    for stage in config.linear_stages:
        solved = {}
        for corpus, recognition in zip(corpora, recognitions, strict=True):
            if id(corpus) not in solved:
                solved[id(corpus)] = _solve(config, stage, corpus, recognition)
        found[stage] = [solved[id(corpus)] for corpus in corpora]
    return found


def _solve(config: Config, stage: Stage, corpus: Corpus, recognition: Recognition) -> LinearTarget:
    if stage is Stage.feed_forward:
        return soft_target(corpus, config.train.weights)
    return log_target(corpus, recognition.collocation)


def losses(known: Known, batch: Batch) -> Mapping[Stage, SoftmaxLinear]:
    """The loss of every such stage, of all runs."""
    found = {}
    for stage, targets in known.linear.items():
        if stage is Stage.feed_forward:
            shares = [taught(corpus, known.config.train.weights)[0] for corpus in known.corpora]
            found[stage] = soft_loss(shares, targets)
        else:
            found[stage] = log_head_loss(batch, targets)
    return found
