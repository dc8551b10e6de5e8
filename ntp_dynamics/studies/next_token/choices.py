"""Closed choices of the study."""

from __future__ import annotations

from enum import StrEnum


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


class Stage(StrEnum):
    """What is trained: one layer, or both at once."""

    feed_forward = "feed_forward"
    attention = "attention"
    joint = "joint"


class Labels(StrEnum):
    """What the feed-forward stage is taught of a token: the one continuation that a corpus states,
    or all that it has, as a distribution."""

    hard = "hard"
    soft = "soft"


class Counted(StrEnum):
    """How much each token counts in the loss of soft labels: as often as its samples, or alike."""

    counts = "counts"
    uniform = "uniform"


class Head(StrEnum):
    """What the attention stage is scored by: the frozen feed-forward layer, or the log of the
    attention on the optimal token."""

    frozen = "frozen"
    log = "log"


ATTENTIVE = (Stage.attention, Stage.joint)
"""Stages that train attention on the cross-entropy."""
FED_FORWARD = (Stage.feed_forward, Stage.joint)
"""Stages that train the feed-forward layer."""


NormOver = StrEnum("NormOver", {"matrix": "matrix", "global": "global"})
"""Whose norm a normalised step divides by: that of each matrix, or of all together."""


class EngineName(StrEnum):
    """How gradients are computed: in the log domain by tensors or by the fused kernel (`auto`: the
    kernel wherever it can), or by automatic differentiation."""

    auto = "auto"
    torch = "torch"
    numba = "numba"
    autograd = "autograd"


class Certify(StrEnum):
    """Whether to prove of recorded states what every later step does: where that takes few
    operations (`certificates.MOST`), always, or never."""

    auto = "auto"
    always = "always"
    never = "never"


class Precision(StrEnum):
    """Floating-point format of automatic differentiation."""

    float32 = "float32"
    float64 = "float64"
