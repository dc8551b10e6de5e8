"""Claims about the bump at rest."""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.attractor.claims.stated import (
    FREE,
    GAUSSIAN,
    HOLDS,
    LONG,
    NARROW,
    READ_BY_OTHERS,
    SOURCE,
    Curve,
    along,
    relaxed,
    stated,
)
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.kernel import PERIOD
from ntp_dynamics.studies.attractor.problem import HARMONICS, AttractorProblem
from ntp_dynamics.studies.attractor.theory import generator, pinning, spectrum
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law

SHIFT_BELOW_WIDTH = Precondition(
    "Delta <= a", lambda p: p.config.network.delta <= p.config.network.a, "Delta > a"
)
COUPLED = Precondition("gain > 0", lambda p: p.config.network.gain > 0, "no speed neurons")
SHORT_SHIFT = Precondition(
    "Delta <= .65 a",
    lambda p: p.config.network.delta <= 0.65 * p.config.network.a,
    "Delta > .65 a: at Delta = a the cosine is .998, less where the speed loop is weak",
)


def _survives(p: AttractorProblem) -> Curve:
    near = np.abs(p.reference.ratios - 1) < 0.01  # critical slowing
    return np.where(near, np.nan, p.reference.ratios > 1)


def _bump_tolerance(p: AttractorProblem) -> Curve:
    return (1e-8 if p.config.network.a <= 20 else 1e-3) * p.reference.heights()


def _eigenvalues(p: AttractorProblem) -> Curve:
    config = p.config
    curve = spectrum.predicted(config.network.w_over_wc, config.spectrum.modes)
    # Wider bumps feel the ring in their finer modes: n = 4 is .130 at a = 40, not .125.
    return curve if config.network.a <= 20 else np.where(curve >= 0.2, curve, np.nan)


def _stays(p: AttractorProblem) -> Law:
    net = p.config.network
    fastest = pinning.speed(net.a, PERIOD / net.neurons)
    return Law.value(0.0, absolute=lambda t: fastest * t + 1e-9)


def _pinned(p: AttractorProblem) -> Curve:
    rates = [pinning.rate(p.config.network.a, PERIOD / n) for n in p.config.pinning.neurons]
    judged = (p.reference.finesse >= 0.88) & (p.reference.finesse <= 1.6)
    return np.where(judged, rates, np.nan)


BUMP = [
    along(
        "w_over_wc",
        "can.critical",
        "a bump survives if and only if w > w_c",
        READ_BY_OTHERS.format("Eq. S12"),
        PhaseName.critical,
        "survives",
        _survives,
        lambda p: 1e-9,
        GAUSSIAN,
        NARROW,
        LONG,
    ),
    along(
        "w_over_wc",
        "can.bump",
        "the bump is as high as U = w (1 + sqrt(1 - w_c^2/w^2))/(4 sqrt(pi) a k)",
        READ_BY_OTHERS.format("Eq. S12"),
        PhaseName.critical,
        "u_peak",
        lambda p: p.reference.heights(),
        _bump_tolerance,
        GAUSSIAN,
        FREE,
        LONG,
    ),
    along(
        "mode",
        "can.spectrum",
        "eigenvalues of W dr/du at the bump are 2^{1-n} and 1 - sqrt(1 - w_c^2/w^2)",
        "derived",
        PhaseName.spectrum,
        "eigenvalues",
        _eigenvalues,
        lambda p: 1e-6 if p.config.network.a <= 20 else 5e-3,
        GAUSSIAN,
        FREE,
        HOLDS,
        relaxed("spectrum", 7),
    ),
    stated(
        "can.neutral",
        "the bump stays wherever it is put, up to the pinning of the grid",
        "derived",
        PhaseName.rest,
        "drift",
        _stays,
        GAUSSIAN,
        HOLDS,
    ),
    stated(
        "can.equivariance",
        "F(T(s) h) = T(s) F(h) for shifts between the neurons of band-limited states",
        SOURCE.format("Eqs. S3, S7 (convolution: derived)"),
        PhaseName.rest,
        "equivariance_error",
        lambda p: Law.value(0.0, absolute=1e-14 if p.finesse >= 2.5 else 1e-8),
    ),
    along(
        "grid",
        "can.pinning",
        "a grid pins the bump at the rate 8 pi^2 (a/dx)^2 exp(-(4 pi^2/3)(a/dx)^2)",
        "derived",
        PhaseName.pinning,
        "pinning_rate",
        _pinned,
        lambda p: 0.03 * np.nan_to_num(_pinned(p)),
        GAUSSIAN,
        HOLDS,
        relaxed("pinning", 14),
    ),
    along(
        "harmonic",
        "can.generator",
        "W_+ - W_- is -2 Delta w_sv sinc(q Delta) exp(-a^2 q^2/2) d/dx, mode by mode",
        SOURCE.format("Eqs. S3, S7 (symbol: derived)"),
        PhaseName.rest,
        "generator",
        lambda p: generator.symbol(HARMONICS, p.config.network.a, p.config.network.delta),
        lambda p: 1e-9,
        SHIFT_BELOW_WIDTH,
        COUPLED,
    ),
    stated(
        "can.generator.alignment",
        "(W_+ - W_-) r points along -u': cosine .999 at least",
        SOURCE.format("Eq. S3 (value: derived)"),
        PhaseName.rest,
        "alignment",
        lambda p: Law.envelope(math.log(0.999)),
        GAUSSIAN,
        SHORT_SHIFT,
        HOLDS,
        COUPLED,
        side="lower",
        constant=0.0,
    ),
]
