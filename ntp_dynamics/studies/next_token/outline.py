"""The stages of a job, before anything is drawn."""

from __future__ import annotations

from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.study import SHADOW, Outline

LABELS = {"feed_forward": "feed-forward", "attention": "attention", "joint": "joint"}

WORDS = {
    "NormalisedGradientDescent": "normalised gradient descent",
    "GradientDescent": "gradient descent",
    "SplitNormalisedGradientDescent": "split normalised gradient descent",
    "Polyak": "Polyak's step",
    "SignDescent": "sign descent",
    "ZeroInit": "from zero",
    "GaussianInit": "gaussian start",
    "OrthonormalEmbedding": "orthonormal embedding",
    "StandardEmbedding": "standard basis",
    "GaussianEmbedding": "gaussian embedding",
}
"""Choices of a configuration in a few words; what is missing is its own word."""


def outline(config: Config) -> list[Outline]:
    """The stages that are trained, then their shadows where the configuration asks for them: the
    same by automatic differentiation."""
    stages = [
        Outline(str(stage), getattr(config.train, stage).steps, label=LABELS[stage])
        for stage in config.stages
    ]
    shadows = [Outline(f"{SHADOW}{s.name}", s.horizon, label=f"{s.name} (shadow)") for s in stages]
    return stages + shadows * config.shadow


def modules(config: Config) -> list[str]:
    """What a job imports beside the study itself: the kernels where they train it."""
    from ntp_dynamics.studies.next_token.optim.choice import choose

    package = "ntp_dynamics.studies.next_token"
    kernels = [f"{package}.optim.closed_form"] if choose(config).fused else []
    return [f"{package}.phases", *kernels]
