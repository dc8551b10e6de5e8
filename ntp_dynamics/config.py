"""The configuration of a job: dataclasses that are Hydra schema and validator at once.

OmegaConf reads the types and defaults, pydantic the ranges (``Field``), `conflicts` what only
several fields together can get wrong.  An option enters when it is implemented, not before.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import yaml
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING
from pydantic import Field, TypeAdapter

from ntp_dynamics.lab.secrets import redact
from ntp_dynamics.lab.tracking import NoTracking, Tracking, WandbTracking

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Vary(StrEnum):
    """What differs between the runs of a job."""

    corpus = "corpus"
    init = "init"
    both = "both"


class Density(StrEnum):
    """How many tokens below the optimal one a sentence shows: a random subset, or all."""

    random = "random"
    complete = "complete"


class Weights(StrEnum):
    """Sample weights: equal, Dirichlet distributed, 10^(-decades U) with U uniform on [0, 1], or
    how often each prefix occurs among random trajectories (prefix-closed corpora only)."""

    uniform = "uniform"
    dirichlet = "dirichlet"
    powers = "powers"
    counts = "counts"


class When(StrEnum):
    """When something is measured: never, at both ends, at a few log-spaced checkpoints, at every
    step up to 32 and then 30 a decade, or at every step."""

    never = "never"
    ends = "ends"
    checkpoints = "checkpoints"
    recorded = "recorded"
    every = "every"


class Stage(StrEnum):
    """Which layer is trained."""

    feed_forward = "feed_forward"
    attention = "attention"


class Figures(StrEnum):
    """`auto`: a single job draws its own, a sweep one overview; `all`: every job draws all, one for
    each claim too."""

    auto = "auto"
    none = "none"
    all = "all"


@dataclass
class Dataset:
    """Where the corpora come from (a config group)."""


@dataclass
class GeneratedDataset(Dataset):
    """What every generator has."""

    vocab_size: Annotated[int, Field(ge=2, le=10_000)] = 20
    max_length: Annotated[int, Field(ge=2, le=4096)] = 6
    """Longest sentence, before extra copies."""
    weights: Weights = Weights.uniform
    concentration: Positive = 1.0
    """Of the Dirichlet weights."""
    decades: Annotated[float, Field(gt=0, le=300)] = 6.0
    """Spread of the weights `powers`."""


@dataclass
class RealizableDataset(GeneratedDataset):
    """Random realizable corpora (`ntp_dynamics.data.generate`)."""

    queries: Count = 12
    """Queries that get sentences."""
    sentences_per_query: Count = 6
    optimal: Count = 2
    """Tokens of the top level of a query's order."""
    non_optimal: Count = 3
    """Tokens below the top level, the query included."""
    levels: Annotated[int, Field(ge=2)] = 2
    """Levels of the order; more than two give confused tokens."""
    p_star: Probability = 0.3
    """Chance that a query is its own optimum (two levels only)."""
    density: Density = Density.random
    extra_optimal_copies: Natural = 0
    """At most so many extra copies of the optimal token."""
    extra_wrong_copies: Natural = 0
    """Extra copies of each wrong token; breaks Assumption 3."""


@dataclass
class PrefixClosedDataset(GeneratedDataset):
    """One trajectory a first token, all its prefixes (`ntp_dynamics.data.prefix_closed`)."""

    weights: Weights = Weights.counts
    p_stop: Probability = 0.2
    """Chance that a trajectory stops after a step."""
    draws: Count = 100
    """Random trajectories that `counts` counts; each first token occurs at least once."""


@dataclass
class FileDataset(Dataset):
    """One corpus from a JSON Lines file, the same for every run."""

    path: str = ""


@dataclass
class Embedding:
    """Token embeddings (a config group)."""

    dim: Count | None = None
    """Dimension; null is the vocabulary size."""


@dataclass
class OrthonormalEmbedding(Embedding):
    """Orthonormal token vectors: Assumption 2."""


@dataclass
class GaussianEmbedding(Embedding):
    """Independent gaussian unit vectors, any dimension."""


@dataclass
class Init:
    """Initial weights (a config group)."""


@dataclass
class ZeroInit(Init):
    """Both layers start at zero, as in Algorithm 1 of the paper."""


@dataclass
class GaussianInit(Init):
    """Gaussian entries, each layer rescaled to exactly this Frobenius norm."""

    norm: Positive = 1.1


@dataclass
class Optimizer:
    """The update rule (a config group)."""


@dataclass
class NormalisedGradientDescent(Optimizer):
    """W <- W - eta grad / ||grad||_F, the norm of the whole trained matrix."""


@dataclass
class GradientDescent(Optimizer):
    """W <- W - eta grad."""


@dataclass
class StageConfig:
    """Length and step size of one stage."""

    steps: Annotated[int, Field(ge=1, le=10**9)] = 900
    step_size: Positive = 0.1


@dataclass
class Train:
    """What is trained, in which order, for how long."""

    stages: list[Stage] = field(default_factory=lambda: [Stage.feed_forward, Stage.attention])
    feed_forward: StageConfig = field(
        default_factory=lambda: StageConfig(steps=900, step_size=0.2 / math.sqrt(20))
    )
    attention: StageConfig = field(
        default_factory=lambda: StageConfig(steps=900, step_size=0.05 / math.sqrt(20))
    )
    margin: Positive | None = None
    """Start the attention stage at exactly this margin and skip the feed-forward stage."""


@dataclass
class Hooks:
    """What is measured, and when (a config group of presets)."""

    scalars: When = When.recorded
    arrays: When = When.checkpoints
    """Attention maps, scores and logits."""
    modules: list[str] = field(default_factory=list)
    """Python files or modules with observables of your own."""


@dataclass
class Runtime:
    """How the machine is used; never changes a number."""

    threads: Count = 1


@dataclass
class Config:
    """One job: R runs that differ only by their random streams."""

    name: str = "default"
    """Names the directory of the record; each experiment sets its own."""
    runs: Annotated[int, Field(ge=1, le=100_000)] = 8
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    vary: Vary = Vary.corpus
    dataset: Dataset = MISSING
    embedding: Embedding = MISSING
    init: Init = MISSING
    optimizer: Optimizer = MISSING
    train: Train = field(default_factory=Train)
    hooks: Hooks = field(default_factory=Hooks)
    tracking: Tracking = MISSING
    figures: Figures = Figures.auto
    overwrite: bool = False
    runtime: Runtime = field(default_factory=Runtime)

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
    def stages(self) -> list[Stage]:
        """The stages that are trained: an exact margin replaces the feed-forward stage."""
        skip = Stage.feed_forward if self.train.margin is not None else None
        return [stage for stage in self.train.stages if stage is not skip]


GROUPS: dict[str, dict[str, type]] = {
    "dataset": {
        "realizable": RealizableDataset,
        "prefix_closed": PrefixClosedDataset,
        "file": FileDataset,
    },
    "embedding": {"orthonormal": OrthonormalEmbedding, "gaussian": GaussianEmbedding},
    "init": {"zero": ZeroInit, "gaussian": GaussianInit},
    "optimizer": {"ngd": NormalisedGradientDescent, "gd": GradientDescent},
    "tracking": {"wandb": WandbTracking, "none": NoTracking},
}
"""Config groups and the schema of each choice; a name maps to code here, never by `_target_`."""


def register_schemas() -> None:
    """Make the dataclasses known to Hydra: `schema/<group>/<choice>` and `schema/job`."""
    store = ConfigStore.instance()
    store.store(group="schema", name="job", node=Config)
    for group, choices in GROUPS.items():
        for name, schema in choices.items():
            store.store(group=f"schema/{group}", name=name, node=schema)


def to_yaml(config: Config) -> str:
    """The configuration as it is stored with a record, secrets aside; `choices` names what each
    group chose."""
    plain = _plain(asdict(config))
    choices = {
        group: name
        for group, schemas in GROUPS.items()
        for name, schema in schemas.items()
        if type(getattr(config, group)) is schema
    }
    return yaml.safe_dump(redact({"choices": choices, **plain}), sort_keys=False)


def from_yaml(text: str) -> Config:
    """The inverse of `to_yaml`.  Names map to dataclasses through `GROUPS`; nothing is executed."""
    plain = yaml.safe_load(text)
    for group, name in plain.pop("choices").items():
        plain[group] = TypeAdapter(GROUPS[group][name]).validate_python(plain[group])
    return TypeAdapter(Config).validate_python(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
