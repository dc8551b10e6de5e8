"""A job made ready, and trained: corpora, targets, tensors, weights, stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import (
    Config,
    EngineName,
    NormalisedGradientDescent,
    NormOver,
    Precision,
    Stage,
    StageConfig,
    ZeroInit,
)
from ntp_dynamics.conflicts import unfused
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.draw import Purpose, Streams, draw_corpora, draw_embeddings, streams
from ntp_dynamics.data.embedding import Embedding
from ntp_dynamics.data.realizable import Recognition, recognise
from ntp_dynamics.lab.memory import make_room
from ntp_dynamics.lab.progress import Interrupt
from ntp_dynamics.lab.trajectory import Recorder
from ntp_dynamics.model.batch import Batch, pack
from ntp_dynamics.model.full_matrix import FullMatrix
from ntp_dynamics.model.init import (
    attention_matrix,
    exact_margin,
    feed_forward_matrix,
    initial_weight,
)
from ntp_dynamics.model.kernel_check import kernel_fault
from ntp_dynamics.model.reference import Reference, make_reference
from ntp_dynamics.model.token_space import TokenMatrix
from ntp_dynamics.observe.hooks import (
    SCALAR_CLOCK,
    Dropper,
    Hook,
    complain,
    make_recorder,
    observe,
)
from ntp_dynamics.observe.modules import load_observables
from ntp_dynamics.observe.observables import Observable
from ntp_dynamics.optim.engine import Autograd, Engine
from ntp_dynamics.optim.rules import COVARIANT, make_rule
from ntp_dynamics.optim.train import (
    Fused,
    NonFinite,
    Part,
    Passed,
    State,
    train_attention,
    train_feed_forward,
    train_joint,
)
from ntp_dynamics.size import Shape, hooks_of, in_memory, on_disk, shape_of
from ntp_dynamics.theory.targets import Targets, solve

if TYPE_CHECKING:  # takes numba along
    from ntp_dynamics.optim.course import Course

Tracker = Callable[[Iterable[State | Passed], Stage, int], Iterator[State | Passed]]
Watcher = Callable[[Stage, int, Mapping[str, np.ndarray]], None]


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


@dataclass(frozen=True)
class Trained:
    """What the hooks recorded, and how far each stage came."""

    recorders: dict[Stage, Recorder]
    reached: dict[Stage, int]
    logits: Float[Tensor, "R V V"]
    """M = W_ov E when training ended."""
    failure: NonFinite | None = None
    """Why training ended before its time."""


Keeper = Callable[[Trained], None]


def forget(trained: Trained) -> None:
    """A keeper that does nothing."""


def engine_of(config: Config) -> Engine:
    """The engine a configuration asks for."""
    if config.engine is EngineName.autograd:
        return naive_engine(config)
    return Engine()


def why_torch(config: Config) -> str | None:
    """Why the fused kernel does not train a job; None where it does."""
    if config.engine in (EngineName.auto, EngineName.numba):
        return unfused(config) or kernel_fault()
    return f"engine={config.engine}"


def engine_in_words(config: Config) -> str:
    """Which engine trains a job, and why not the kernel where it cannot."""
    why = why_torch(config)
    if why is None:
        return "numba, float64, log domain"
    asked = config.engine is not EngineName.auto
    return engine_of(config).name if asked else f"{engine_of(config).name}; {why}"


def naive_engine(config: Config) -> Engine:
    """Automatic differentiation in the precision of the configuration."""
    formats = {Precision.float32: torch.float32, Precision.float64: torch.float64}
    return Autograd(formats[config.precision])


def train(
    job: Job,
    engine: Engine,
    track: Tracker,
    interrupt: Interrupt,
    watch: Watcher | None = None,
    keep: Keeper = forget,
    drop: Dropper = complain,
) -> Trained:
    """Train the stages in order; an interrupt ends training after the step at hand, weights that
    are no longer finite end it before the step that made them so.

    ``watch`` sees what was measured at each step (stage, step, values by name), ``keep`` everything
    so far, ``drop`` what is no longer measured and why.  Where a kernel trains, it measures the
    scalars that it knows (`Course.measures`) on the way; only other hooks need a state.
    """
    recorders: dict[Stage, Recorder] = {}
    reached: dict[Stage, int] = {}
    margin = job.config.train.margin
    logits = job.feed_forward.start if margin is None else exact_margin(margin, job.batch)
    for stage in job.config.stages:
        settings = stage_settings(job.config, stage)
        recorder = recorders[stage] = make_recorder(job.hooks[stage])
        course = _course(job, engine, stage, logits)
        inside = course.measures if course else ()
        hooks = [hook for hook in job.hooks[stage] if hook.observable.name not in inside]
        fused = Fused(course, _stops(hooks, settings.steps)) if course else None
        states = states_of(job, engine, stage, logits, fused)
        sizes = job.sizes
        try:
            for state in track(states, stage, settings.steps):
                reached[stage] = state.step
                if isinstance(state, State):
                    logits = state.logits
                    steps = np.array([state.step])
                    measured = observe(hooks, state, job.reference, sizes, drop)
                    measured = {name: x[:, None] for name, x in measured.items()}
                else:
                    steps, measured, _ = state.logged
                if measured and len(steps):
                    recorder.put_many(steps, measured)
                    if watch:
                        for i, step in enumerate(steps.tolist()):
                            watch(stage, step, {name: x[:, i] for name, x in measured.items()})
                    keep(Trained(recorders, reached, logits))
                if interrupt.requested:
                    return Trained(recorders, reached, logits)
        except NonFinite as failure:
            return Trained(recorders, reached, logits, failure)
    return Trained(recorders, reached, logits)


def stage_settings(config: Config, stage: Stage) -> StageConfig:
    """Length and step size of a stage."""
    return getattr(config.train, stage)


def states_of(
    job: Job, engine: Engine, stage: Stage, logits: Float[Tensor, "R V V"], fused: Fused | None
) -> Iterator[State | Passed]:
    """The states of a stage, which starts from these logits."""
    config = job.config.train
    rule, batch = make_rule(job.config.optimizer), job.batch
    steps = stage_settings(job.config, stage).steps
    if stage is Stage.feed_forward:
        part = Part(job.feed_forward, config.feed_forward.step_size, "W_ov")
        return train_feed_forward(batch, part, rule, engine, steps, fused)
    if stage is Stage.attention:
        part = Part(job.attention, config.attention.step_size, "W_kq")
        return train_attention(batch, part, logits, rule, engine, steps, fused)
    parts = (
        Part(job.attention, config.joint.step_size, "W_kq"),
        Part(job.feed_forward, config.joint.feed_forward_step_size, "W_ov"),
    )
    return train_joint(batch, *parts, rule, engine, steps, fused)


def _course(
    job: Job, engine: Engine, stage: Stage, logits: Float[Tensor, "R V V"]
) -> Course | None:
    """The course of a stage, where the kernel trains it; it measures the scalars that it can."""
    config = job.config
    if why_torch(config) is not None or isinstance(engine, Autograd):  # the latter: a shadow
        return None
    from ntp_dynamics.model.walk import JointPace
    from ntp_dynamics.optim.closed_form import ClosedFormCourse
    from ntp_dynamics.optim.course import AttentionCourse, ColumnsCourse, Watch
    from ntp_dynamics.optim.joint import JointCourse

    due = next((h.steps for h in job.hooks[stage] if h.clock == SCALAR_CLOCK), ())
    watch = Watch(job.reference, np.array(sorted(due))) if due else None
    rule = config.optimizer
    normalised = isinstance(rule, NormalisedGradientDescent)
    step_size, threads = stage_settings(config, stage).step_size, config.runtime.threads
    scores, columns = job.attention, job.feed_forward
    assert isinstance(scores, TokenMatrix)
    assert isinstance(columns, TokenMatrix)
    if stage is Stage.joint:
        step_sizes = step_size, config.train.joint.feed_forward_step_size
        together = isinstance(rule, NormalisedGradientDescent) and rule.norm is not NormOver.matrix
        pace = JointPace(0, *step_sizes, normalised, together)
        return JointCourse(job.batch, scores, columns, pace, threads)
    if stage is Stage.attention:
        return AttentionCourse(job.batch, scores, logits, step_size, normalised, threads, watch)
    if columns.start.any():
        return ColumnsCourse(job.batch, columns, step_size, normalised, threads, watch)
    return ClosedFormCourse(job.batch, step_size, normalised, watch)


def _stops(hooks: Iterable[Hook], last: int) -> list[int]:
    """The steps after 0 at which a course must give a state."""
    due = {step for hook in hooks for step in hook.steps}
    return sorted((due | {last}) - {0})
