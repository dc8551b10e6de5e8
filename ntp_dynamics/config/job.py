"""The configuration of a job: dataclasses that are Hydra schema and validator at once.

OmegaConf reads the types and defaults, pydantic the ranges (``Field``), `conflicts` what only
several fields together can get wrong.  An option enters when it is implemented, not before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

import yaml
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING
from pydantic import Field, TypeAdapter

from ntp_dynamics.config.choices import (
    Count,
    EngineName,
    Figures,
    Magnitude,
    Precision,
    Stage,
    Vary,
    When,
)
from ntp_dynamics.config.groups import (
    Adam,
    Dataset,
    Embedding,
    FileDataset,
    GaussianEmbedding,
    GaussianInit,
    GeneratedDataset,
    GradientDescent,
    Init,
    NormalisedGradientDescent,
    Optimizer,
    OrthonormalEmbedding,
    Polyak,
    PrefixClosedDataset,
    RealizableDataset,
    SignDescent,
    StandardEmbedding,
    ZeroInit,
)
from ntp_dynamics.lab.secrets import redact
from ntp_dynamics.lab.tracking import NoTracking, Tracking, WandbTracking, flatten


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
    engine: EngineName = EngineName.auto
    precision: Precision = Precision.float64
    """Of engine=autograd and of the shadow."""
    shadow: bool = False
    """Train the same job with automatic differentiation beside, and record both."""
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
    "embedding": {
        "orthonormal": OrthonormalEmbedding,
        "standard": StandardEmbedding,
        "gaussian": GaussianEmbedding,
    },
    "init": {"zero": ZeroInit, "gaussian": GaussianInit},
    "optimizer": {
        "ngd": NormalisedGradientDescent,
        "gd": GradientDescent,
        "polyak": Polyak,
        "sign": SignDescent,
        "adam": Adam,
    },
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
    """The configuration as it is stored with a record, its free texts without secrets; `choices`
    names what each group chose."""
    plain = _plain(asdict(config))
    choices = {
        group: name
        for group, schemas in GROUPS.items()
        for name, schema in schemas.items()
        if type(getattr(config, group)) is schema
    }
    return yaml.dump({"choices": choices, **plain}, Dumper=_DUMPER, sort_keys=False)


def redact_overrides(config: Config, overrides: Sequence[str]) -> list[str]:
    """What was asked for, secrets aside: choices, numbers and flags are the lab's own words, so are
    all keys; names and paths, and what is not of the configuration, are free text."""
    settings = flatten(asdict(config))
    groups = {field.name for field in fields(Config)} - {*settings} | {"experiment"}
    redacted = []
    for override in overrides:
        key, _, value = override.partition("=")
        path = key.lstrip("+~")
        own = path in groups or (path in settings and not _is_free_text(settings[path]))
        if not own:
            override = f"{key}={redact(value)}" if path in settings else redact(override)
        redacted.append(override)
    return redacted


def _is_free_text(value: Any) -> bool:
    """Whether a setting may hold any text: no number, no flag, no choice."""
    if isinstance(value, list):
        return not value or any(map(_is_free_text, value))
    return isinstance(value, str) and not isinstance(value, StrEnum)


def from_yaml(text: str) -> Config:
    """The inverse of `to_yaml`.  Names map to dataclasses through `GROUPS`; nothing is executed."""
    plain = read_yaml(text)
    for group, name in plain.pop("choices").items():
        plain[group] = _adapter(GROUPS[group][name]).validate_python(plain[group])
    return _adapter(Config).validate_python(plain)


def read_yaml(text: str) -> Any:
    """Plain values of a YAML text."""
    return yaml.load(text, Loader=_LOADER)


_adapter = cache(TypeAdapter)  # takes milliseconds to make

# the ones in C, where PyYAML was built with them, are ten times faster
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return redact(value) if _is_free_text(value) else value
