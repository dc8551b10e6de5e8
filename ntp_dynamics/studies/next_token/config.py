"""The configuration of a job: stages, and what the lab's part has not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

from omegaconf import MISSING
from pydantic import Field

from ntp_dynamics.config.choices import Count, Magnitude
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.studies.next_token.choices import (
    Certify,
    Counted,
    EngineName,
    Head,
    Labels,
    Precision,
    Stage,
    Vary,
)
from ntp_dynamics.studies.next_token.groups import (
    Dataset,
    Embedding,
    FileDataset,
    GeneratedDataset,
    Init,
    Optimizer,
)


@dataclass
class StageConfig:
    """Length and step size of one stage."""

    steps: Annotated[int, Field(ge=1, le=10**9)] = 900
    step_size: Magnitude = 0.1


@dataclass
class JointConfig(StageConfig):
    """The joint stage; `step_size` is that of the attention layer."""

    step_size: Magnitude = 0.05 / math.sqrt(20)
    feed_forward_step_size: Magnitude = 0.2 / math.sqrt(20)


@dataclass
class Train:
    """What is trained, in which order, for how long."""

    stages: list[Stage] = field(default_factory=lambda: [Stage.feed_forward, Stage.attention])
    feed_forward: StageConfig = field(
        default_factory=lambda: StageConfig(steps=900, step_size=0.2 / math.sqrt(20))
    )
    attention: StageConfig = field(default_factory=lambda: StageConfig(steps=900, step_size=1.0))
    joint: JointConfig = field(default_factory=JointConfig)
    margin: Magnitude | None = None
    """Start the attention stage at exactly this margin and skip the feed-forward stage."""
    labels: Labels = Labels.hard
    """Soft: the feed-forward stage learns every continuation of a token."""
    weights: Counted = Counted.counts
    """Of the tokens, with soft labels."""
    head: Head = Head.frozen
    """Log: the attention stage lowers -log of the attention on the optimal token."""


@dataclass
class Minibatch:
    """The sentences of a step, in the stages whose loss is one of sentences."""

    size: Count | None = None
    """How many; null is all of them, at every step."""
    replacement: bool = False
    """Draw each with its weight, again and again; else different ones, each as likely as any."""

    @property
    def additions(self) -> list[str]:
        """What it adds to the plain rule, in words."""
        how = "drawn with replacement" if self.replacement else "of different sentences"
        return [] if self.size is None else [f"a minibatch of {self.size} {how}"]


@dataclass
class Config(JobConfig):
    """A job of this study."""

    vary: Vary = Vary.corpus
    dataset: Dataset = MISSING
    embedding: Embedding = MISSING
    init: Init = MISSING
    optimizer: Optimizer = MISSING
    train: Train = field(default_factory=Train)
    batch: Minibatch = field(default_factory=Minibatch)
    engine: EngineName = EngineName.auto
    precision: Precision = Precision.float64
    """Of engine=autograd and of the shadow."""
    shadow: bool = False
    """Train the same job with automatic differentiation beside, and record both."""
    certify: Certify = Certify.auto
    """Prove of a recorded state what every later step does (docs/certificates.md)."""

    @property
    def vocab_size(self) -> int | None:
        """V where the configuration knows it; a corpus file tells it later."""
        return self.dataset.vocab_size if isinstance(self.dataset, GeneratedDataset) else None

    @property
    def varies_corpus(self) -> bool:
        generated = not isinstance(self.dataset, FileDataset)
        return generated and self.vary in (Vary.corpus, Vary.both)

    @property
    def varies_init(self) -> bool:
        return self.vary in (Vary.init, Vary.both) or isinstance(self.dataset, FileDataset)

    @property
    def additions(self) -> list[str]:
        """What the plain rule of the full batch does not have, in words."""
        return self.optimizer.additions + self.batch.additions

    @property
    def linear_stages(self) -> list[Stage]:
        """The trained stages whose loss is softmax-linear: any corpus has its targets."""
        soft = {Stage.feed_forward} if self.train.labels is Labels.soft else set()
        logs = {Stage.attention} if self.train.head is Head.log else set()
        return [stage for stage in self.stages if stage in soft | logs]

    @property
    def step_sizes(self) -> list[float]:
        """Of every matrix that is trained."""
        stages = [getattr(self.train, stage) for stage in self.stages]
        joint = [s.feed_forward_step_size for s in stages if isinstance(s, JointConfig)]
        return [stage.step_size for stage in stages] + joint

    @property
    def stages(self) -> list[Stage]:
        """The stages that are trained: an exact margin replaces the feed-forward stage."""
        skip = Stage.feed_forward if self.train.margin is not None else None
        return [stage for stage in self.train.stages if stage is not skip]
