"""A job made ready: corpora, targets, tensors, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float

from ntp_dynamics.config.choices import Device
from ntp_dynamics.observe.hooks import Hook, affordable
from ntp_dynamics.studies.next_token import certificates
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import (
    ENTRYWISE,
    Purpose,
    Streams,
    check_minibatches,
    draw_corpora,
    draw_embeddings,
    streams,
)
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.groups import ZeroInit
from ntp_dynamics.studies.next_token.inputs import name_of
from ntp_dynamics.studies.next_token.linear import losses, solve_linear
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    feed_forward_matrix,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.size import (
    Shape,
    in_memory,
    leaves_out_pairs,
    notes_of_size,
    on_device,
    on_disk,
    shape_of,
)
from ntp_dynamics.studies.next_token.tables import (
    corpora_table,
    linear_variables,
    targets_table,
)
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget, OfQueries
from ntp_dynamics.studies.next_token.theory.targets import Targets, solve_targets
from ntp_dynamics.system.memory import make_room

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Known:
    """What is known of the data of a job, one entry a run: enough to judge it."""

    config: Config
    streams: Streams
    corpora: list[Corpus]
    recognitions: list[Recognition]
    embeddings: list[TokenVectors]
    targets: list[Targets]
    linear: Mapping[Stage, list[LinearTarget]]
    """Of the stages whose loss is softmax-linear."""


@dataclass(frozen=True)
class NextToken:
    """Everything that training and judging need, one entry a run."""

    known: Known
    batch: Batch
    reference: Reference
    feed_forward: TokenMatrix | FullMatrix
    attention: TokenMatrix | FullMatrix
    hooks: Mapping[str, list[Hook]]
    """Those of arrays that are not too large."""
    notes_of_size: Sequence[str]
    """What is left out, and how long it will take."""
    shape: Shape
    losses: Mapping[Stage, SoftmaxLinear]
    """Of the stages whose loss is softmax-linear."""

    @property
    def config(self) -> Config:
        return self.known.config

    @property
    def axes(self) -> dict[str, int]:
        return self.shape.axes

    @cached_property
    def disk(self) -> int:
        proved = certificates.on_disk(self.known)
        return on_disk(self.config, self.shape, self.hooks) + proved

    @cached_property
    def memory(self) -> float:
        needs = in_memory(self.config, self.shape, self.hooks)
        return sum(size for size, _ in needs.values())

    def files(self) -> dict[str, str]:
        """The corpora, a file a run."""
        corpora = enumerate(self.known.corpora)
        return {name_of(run): "".join(f"{line}\n" for line in c.lines()) for run, c in corpora}

    def tables(self) -> dict[str, xarray.Dataset]:
        by_pairs = not leaves_out_pairs(self.config, self.shape)
        targets = targets_table(self.reference, self.known.targets, by_pairs)
        for stage, found in self.known.linear.items():
            targets = targets.assign(linear_variables(stage, found))
        return {"/": corpora_table(self.batch, self.known.streams), "/targets": targets}

    def notes(self) -> list[str]:
        """Why a run has no target, and what of a large job is left out."""
        runs: dict[str, list[int]] = {}
        asked = not self.known.linear or {*self.config.stages} - {*self.known.linear}
        for run, target in enumerate(self.known.targets):
            if target.missing and asked:
                runs.setdefault(target.missing, []).append(run)
        whole = len(self.known.targets)
        missing = [f"no W*_kq ({len(x)} of {whole} runs): {reason}" for reason, x in runs.items()]
        return [*missing, *self.notes_of_size]


def prepare(config: Config, hooks: Mapping[str, Sequence[Hook]]) -> NextToken:
    """Draw the data, recognise it, solve for its targets, draw the weights.

    Raises UserError for a corpus file or an embedding that cannot be used, and, before anything
    large is made, for a job that does not fit in memory.
    """
    torch.set_num_threads(config.runtime.threads)
    source = streams(config)
    corpora = draw_corpora(config, source)
    check_minibatches(config, corpora)
    embeddings = draw_embeddings(config, source, corpora[0])
    shape = shape_of(corpora, embeddings[0].dim)
    kept = affordable(hooks, config.hooks, shape.axes)
    make_room(in_memory(config, shape, kept))
    if config.runtime.device is Device.cuda:
        make_room(on_device(config, shape), free=torch.cuda.mem_get_info()[0])
    known = _known(config, source, corpora, embeddings)
    targets = known.targets
    batch = pack(corpora, [recognition.collocation for recognition in known.recognitions])

    dim, label_size = embeddings[0].dim, batch.label_size
    entrywise = isinstance(config.optimizer, ENTRYWISE)  # its steps depend on the basis

    def weights(purpose: Purpose, rows: int) -> list[Float[Any, "A D"]] | None:
        if isinstance(config.init, ZeroInit):
            return None
        rngs = (source.rng(run, purpose) for run in range(config.runs))
        return [initial_weight(config.init, (rows, dim), rng) for rng in rngs]

    soft, logs = (known.linear.get(stage) for stage in (Stage.feed_forward, Stage.attention))
    return NextToken(
        known=known,
        batch=batch,
        reference=SolvedReference(
            batch,
            known.recognitions,
            soft or [t.feed_forward for t in targets],
            [OfQueries(t) for t in logs] if logs else [t.attention for t in targets],
        ),
        feed_forward=feed_forward_matrix(
            weights(Purpose.init_feed_forward, label_size), embeddings, batch, entrywise
        ),
        attention=attention_matrix(
            weights(Purpose.init_attention, dim), embeddings, batch, entrywise
        ),
        hooks=kept,
        notes_of_size=notes_of_size(config, shape, hooks, kept, corpora),
        shape=shape,
        losses=losses(known, batch),
    )


def know(config: Config, corpora: list[Corpus]) -> Known:
    """What is known of the corpora of a record, solved anew."""
    source = streams(config)
    return _known(config, source, corpora, draw_embeddings(config, source, corpora[0]))


def _known(
    config: Config, source: Streams, corpora: list[Corpus], embeddings: list[TokenVectors]
) -> Known:
    found = {id(corpus): recognise(corpus) for corpus in {id(c): c for c in corpora}.values()}
    recognitions = [found[id(corpus)] for corpus in corpora]
    targets = solve_targets(corpora, recognitions, embeddings)
    linear = solve_linear(config, corpora, recognitions)
    return Known(config, source, corpora, recognitions, embeddings, targets, linear)
