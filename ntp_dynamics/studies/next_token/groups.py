"""The config groups of a study: corpora, embeddings, initial weights, optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ntp_dynamics.config.choices import (
    Count,
    Fraction,
    Magnitude,
    Natural,
    NotNegative,
    Positive,
    Probability,
)
from ntp_dynamics.studies.next_token.choices import Density, NormOver, Weights


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
class OrderedDataset(GeneratedDataset):
    """Generators that draw the order of each query first."""

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


@dataclass
class RealizableDataset(OrderedDataset):
    """Random realizable corpora (`data.generate`)."""

    density: Density = Density.random
    extra_optimal_copies: Natural = 0
    """At most so many extra copies of the optimal token."""
    extra_wrong_copies: Natural = 0
    """Extra copies of each wrong token; breaks Assumption 3."""


@dataclass
class VotesDataset(OrderedDataset):
    """Every token votes for one of two labels, and one token of a sentence is right
    (`data.votes`)."""


@dataclass
class PrefixClosedDataset(GeneratedDataset):
    """One trajectory a first token, all its prefixes (`data.prefix_closed`)."""

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
class VotesFileDataset(FileDataset):
    """The same of a file whose first line names two labels."""


@dataclass
class Embedding:
    """Token embeddings (a config group)."""

    dim: Count | None = None
    """Dimension; null is the vocabulary size."""


@dataclass
class OrthonormalEmbedding(Embedding):
    """Orthonormal token vectors: Assumption 2."""


@dataclass
class StandardEmbedding(OrthonormalEmbedding):
    """Token v is the v-th basis vector, where Adam and sign descent act on single scores."""


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

    norm: Magnitude = 1.1


@dataclass
class Optimizer:
    """The update rule (a config group)."""

    weight_decay: NotNegative = 0.0
    """lambda: W <- (1 - eta lambda) W + step (decoupled)."""

    @property
    def additions(self) -> list[str]:
        """What it adds to the plain rule, in words."""
        return [f"weight decay {self.weight_decay:g}"] * bool(self.weight_decay)


@dataclass
class WithMomentum(Optimizer):
    """A rule that may be given a decaying sum of gradients in place of the gradient."""

    momentum: Fraction = 0.0
    """beta: the rule is given B <- beta B + grad."""

    @property
    def additions(self) -> list[str]:
        return [f"momentum {self.momentum:g}"] * bool(self.momentum) + super().additions


@dataclass
class NormalisedGradientDescent(WithMomentum):
    """W <- W - eta grad / ||grad||_F."""

    norm: NormOver = NormOver.matrix  # type: ignore[valid-type]
    """Of each trained matrix, or of all together (the joint stage)."""


@dataclass
class GradientDescent(WithMomentum):
    """W <- W - eta grad."""


@dataclass
class SplitNormalisedGradientDescent(Optimizer):
    """W <- W - eta_F P_F grad - eta P grad / ||P grad||_F, P_F inside the components of the corpus
    and P between them: a rule informed by theory, for soft labels and the log head."""

    finite_step_size: Magnitude | None = None
    """eta_F; null is 1/beta, beta = half the largest weight of a column: at most 1/lambda_max."""


@dataclass
class Polyak(Optimizer):
    """W <- W - eta (L - inf L) grad / ||grad||^2."""


@dataclass
class SignDescent(WithMomentum):
    """W <- W - eta sign(grad), entry by entry; with momentum, Signum."""


@dataclass
class Adam(Optimizer):
    """Adam, entry by entry."""

    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: NotNegative = 1e-8
    """0 works at gradients of any size: memories carry their scales."""


@dataclass
class AdamW(Adam):
    """Adam with decoupled weight decay."""

    weight_decay: NotNegative = 0.01


GROUPS: Mapping[str, Mapping[str, type]] = {
    "dataset": {
        "realizable": RealizableDataset,
        "prefix_closed": PrefixClosedDataset,
        "file": FileDataset,
        "votes": VotesDataset,
        "votes_file": VotesFileDataset,
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
        "split_ngd": SplitNormalisedGradientDescent,
        "polyak": Polyak,
        "sign": SignDescent,
        "adam": Adam,
        "adamw": AdamW,
    },
}
"""Config groups and the schema of each choice."""
