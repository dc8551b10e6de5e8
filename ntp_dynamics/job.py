"""A job made ready to be trained: corpora, targets, tensors, weights, hooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from ntp_dynamics.config import Config, Stage, ZeroInit
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.draw import Purpose, Streams, draw_corpora, draw_embeddings, streams
from ntp_dynamics.data.embedding import Embedding
from ntp_dynamics.data.realizable import Recognition, recognise
from ntp_dynamics.lab.memory import make_room
from ntp_dynamics.model.batch import Batch, pack
from ntp_dynamics.model.full_matrix import FullMatrix
from ntp_dynamics.model.init import attention_matrix, feed_forward_matrix, initial_weight
from ntp_dynamics.model.reference import Reference, make_reference
from ntp_dynamics.model.token_space import TokenMatrix
from ntp_dynamics.observe.hooks import Hook
from ntp_dynamics.observe.modules import load_observables
from ntp_dynamics.observe.observables import Observable
from ntp_dynamics.optim.rules import COVARIANT
from ntp_dynamics.size import Shape, hooks_of, in_memory, on_disk, shape_of
from ntp_dynamics.theory.targets import Targets, solve


@dataclass(frozen=True)
class Job:
    """Everything that training and judging need, one entry a run."""

    config: Config
    streams: Streams
    corpora: list[Corpus]
    recognitions: list[Recognition]
    embeddings: list[Embedding]
    targets: list[Targets]
    batch: Batch
    reference: Reference
    feed_forward: TokenMatrix | FullMatrix
    attention: TokenMatrix | FullMatrix
    hooks: dict[Stage, list[Hook]]
    shape: Shape

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis of the record but its clocks."""
        return self.shape.axes

    @property
    def record_size(self) -> int:
        """Bytes of the trajectory."""
        return on_disk(self.config, self.shape, self.hooks)

    @property
    def memory(self) -> float:
        """About how many bytes it takes at its peak, beside Python and its libraries."""
        needs = in_memory(self.config, self.shape, self.hooks)
        return sum(size for size, _ in needs.values())


def prepare(config: Config, observables: Sequence[Observable] = ()) -> Job:
    """Draw the data, recognise it, solve for its targets, draw the weights, make the hooks.

    ``observables`` are measured beside the built-in ones and those of `hooks.modules`.  Raises
    UserError for a corpus file, an embedding or a module that cannot be used, and, before anything
    large is made, for a job that does not fit in memory.
    """
    extra = load_observables(config.hooks.modules, observables)
    source = streams(config)
    corpora = draw_corpora(config, source)
    embeddings = draw_embeddings(config, source, corpora[0])
    shape = shape_of(corpora, embeddings[0].dim)
    hooks = hooks_of(config, extra)
    make_room(in_memory(config, shape, hooks))
    known = {id(corpus): recognise(corpus) for corpus in {id(c): c for c in corpora}.values()}
    recognitions = [known[id(corpus)] for corpus in corpora]
    targets = solve(corpora, recognitions, embeddings)
    batch = pack(corpora, [recognition.collocation for recognition in recognitions])

    dim, vocab_size = embeddings[0].dim, corpora[0].vocab_size
    whole = type(config.optimizer) not in COVARIANT  # its steps depend on the basis

    def weights(purpose: Purpose, rows: int) -> list[Float[Any, "A D"]] | None:
        if isinstance(config.init, ZeroInit):
            return None
        rngs = (source.rng(run, purpose) for run in range(config.runs))
        return [initial_weight(config.init, (rows, dim), rng) for rng in rngs]

    return Job(
        config=config,
        streams=source,
        corpora=corpora,
        recognitions=recognitions,
        embeddings=embeddings,
        targets=targets,
        batch=batch,
        reference=make_reference(
            batch, recognitions, [t.feed_forward for t in targets], [t.attention for t in targets]
        ),
        feed_forward=feed_forward_matrix(
            weights(Purpose.init_feed_forward, vocab_size), embeddings, batch, whole
        ),
        attention=attention_matrix(weights(Purpose.init_attention, dim), embeddings, batch, whole),
        hooks=hooks,
        shape=shape,
    )
