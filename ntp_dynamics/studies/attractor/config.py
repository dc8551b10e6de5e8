"""The configuration of a job: the network, and what each phase does with it.

Angles in degrees, times in tau.  A phase that needs fewer neurons than the network has its own
number: at equal w/w_c and equal a, the neurons only change rho.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ntp_dynamics.config.choices import Count, NotNegative, Positive
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.studies.attractor.lattice import Lattice

Neurons = Annotated[int, Field(ge=4, le=4096)]
Positives = Annotated[list[Positive], Field(min_length=1)]


class PhaseName(StrEnum):
    """What a job does, in this order."""

    rest = "rest"
    critical = "critical"
    spectrum = "spectrum"
    sweep = "sweep"
    path = "path"
    cue = "cue"
    diffusion = "diffusion"
    disorder = "disorder"
    pinning = "pinning"


USUAL = [name for name in PhaseName if name is not PhaseName.cue]
"""What a job does that is not told otherwise: all that a claim is about."""


def on_torus(phase: PhaseName) -> str:
    """What a phase of the network on a torus is called in the record."""
    return f"torus_{phase}"


class PathKind(StrEnum):
    """What v does: a sinusoid, a smooth random walk, or what a file says."""

    sinusoid = "sinusoid"
    walk = "walk"
    file = "file"


class Claims(StrEnum):
    """Whether the closed forms of Gaussian bumps are judged, or only what is solved on the grid."""

    gaussian = "gaussian"
    numeric = "numeric"


@dataclass
class Network:
    """The numbers of the network, on a ring (``dimension=1``) or a torus (``dimension=2``)."""

    dimension: Annotated[int, Field(ge=1, le=2)] = 1
    lattice: Lattice = Lattice.square
    """Of a torus."""
    neurons: Neurons = 180
    """Of the ring; of a torus, along each lattice vector."""
    a: Positive = 40.0
    """Width of the connections in degrees."""
    k: Positive = 5e-4
    """Strength of divisive inhibition."""
    w_over_wc: Positive = 1.2
    """Total weight over the least that holds a bump."""
    gain: NotNegative = 0.5
    """Of the speed neurons, at the paper's level; 0 switches them off."""
    delta: Positive = 22.0
    """Shift of the connections of speed neurons in degrees."""
    g_v: Positive = 10.0
    """Speed input beyond which one population of speed neurons is off."""
    w_vs: Positive = 0.2
    tau_v: Positive = 1.0


@dataclass
class Rest:
    """No input from starts between the neurons."""

    duration: Positive = 20.0


@dataclass
class Critical:
    """Weights around the threshold, speed loop off, from 1.3 U."""

    ratios: Positives = field(default_factory=lambda: [0.9, 0.98, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0])
    """w/w_c."""
    duration: Positive = 80.0


@dataclass
class Spectrum:
    """Relaxation onto the bump, speed loop off, and its eigenvalues."""

    neurons: Neurons = 60
    modes: Annotated[int, Field(ge=2, le=32)] = 8
    iterations: Count = 128


@dataclass
class Sweep:
    """Constant speed inputs at several delays of the speed neurons."""

    neurons: Neurons = 60
    speeds: Positives = field(default_factory=lambda: [0.1, 0.25, 0.5, 0.8, 1.0, 1.2])
    """v/g_v."""
    tau_v: Positives = field(default_factory=lambda: [0.1, 1.0])
    duration: Positive = 60.0
    dt: Positive = 0.05
    """Half of the least tau_v: at dt = 2 tau_v Runge-Kutta is stable, but off by 3e-5."""


@dataclass
class Path:
    """A speed input that changes: what the network integrates."""

    kind: PathKind = PathKind.sinusoid
    file: str = ""
    """A csv with columns t and v (kind=file)."""
    amplitude: Annotated[float, Field(gt=0, le=10)] = 0.7
    """Largest |v|/g_v; runs have between half of it and all."""
    period: Positive = 120.0
    """Of the sinusoid, and of the fastest wave of a walk."""
    duration: Positive = 240.0


@dataclass
class Cue:
    """An input I = ``strength`` u*(x - cue), on for a while: how it resets the bump."""

    strength: Positive = 0.2
    """Over the bump's own u."""
    distance: Annotated[float, Field(ge=-180, le=180)] = 90.0
    """From the bump to the cue, degrees."""
    on: Positive = 40.0
    """For so long, in tau."""
    duration: Positive = 60.0


@dataclass
class Diffusion:
    """White input noise on every neuron."""

    neurons: Neurons = 60
    sigma: Positive = 0.01
    """Over U."""
    walkers: Annotated[int, Field(ge=1, le=1024)] = 10
    """Trajectories a run, with noise of their own."""
    window: Positive = 10.0
    """Length of the increments that are squared."""
    duration: Positive = 110.0


@dataclass
class Disorder:
    """Weights W_ij (1 + eps xi_ij), a draw of xi a run, speed loop off."""

    neurons: Neurons = 24
    eps: Positives = field(default_factory=lambda: [0.001, 0.01, 0.05])
    starts: Count = 24
    duration: Positive = 20.0


@dataclass
class Pinning:
    """Grids so coarse that they hold the bump."""

    neurons: list[Neurons] = field(default_factory=lambda: [8, 9, 10, 11, 12, 13, 14])
    iterations: Count = 160


@dataclass
class AttractorConfig(JobConfig):
    """One job: R runs with starts, noise, weights and paths of their own."""

    runs: Annotated[int, Field(ge=1, le=100_000)] = 96
    phases: list[PhaseName] = field(default_factory=lambda: list(USUAL))
    network: Network = field(default_factory=Network)
    rest: Rest = field(default_factory=Rest)
    critical: Critical = field(default_factory=Critical)
    spectrum: Spectrum = field(default_factory=Spectrum)
    sweep: Sweep = field(default_factory=Sweep)
    path: Path = field(default_factory=Path)
    cue: Cue = field(default_factory=Cue)
    diffusion: Diffusion = field(default_factory=Diffusion)
    disorder: Disorder = field(default_factory=Disorder)
    pinning: Pinning = field(default_factory=Pinning)
    dt: Positive = 0.2
    """Of Runge-Kutta steps."""
    noise_dt: Positive = 0.1
    """Of Euler-Maruyama steps."""
    claims: Claims = Claims.gaussian

    @property
    def first_increment(self) -> float:
        """When the first displacement between two marks is known (phase `diffusion`), in tau."""
        window = max(1, round(self.diffusion.window / self.noise_dt))
        return 2 * window * self.noise_dt * (1 - 1e-12)

    @property
    def stages(self) -> list[str]:
        """What its phases are called in the record."""
        flat = self.network.dimension == 1
        return [str(name) if flat else on_torus(name) for name in PhaseName if name in self.phases]
