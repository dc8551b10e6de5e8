"""Clients' samples: client i has a centre of its own, and draws from around it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

LABEL_NOISE = 0.5


class Purpose(IntEnum):
    """What a stream is for."""

    truth = 1
    client = 2
    test = 3
    replaced = 4


def stream(seed: int, draw: int, purpose: Purpose, number: int = 0) -> np.random.Generator:
    """The generator of a purpose in a draw of data; ``number`` tells clients apart."""
    return np.random.default_rng(np.random.SeedSequence([seed, draw, int(purpose), number]))


@dataclass(frozen=True)
class Samples:
    """Features, and the noisy responses x.w_true + .5 noise that labels are made of."""

    x: Float[np.ndarray, "... d"]
    response: Float[np.ndarray, ...]

    def labels(self, *, signs: bool) -> Float[np.ndarray, ...]:
        """The signs of the responses (+-1), or these themselves."""
        return np.where(self.response >= 0, 1.0, -1.0) if signs else self.response


@dataclass(frozen=True)
class Population:
    """Where clients' samples come from, in one draw of data."""

    seed: int
    draw: int
    clients: int
    dim: int
    bound: float
    het: float

    @cached_property
    def truth(self) -> Float[np.ndarray, " d"]:
        """w_true."""
        return stream(self.seed, self.draw, Purpose.truth).standard_normal(self.dim)

    def centre(self, client: int) -> Float[np.ndarray, " d"]:
        """c_i."""
        random = stream(self.seed, self.draw, Purpose.truth, client + 1)
        return self.het * random.standard_normal(self.dim)

    def of(self, purpose: Purpose, client: int, count: int, number: int) -> Samples:
        """The first samples of a stream of a client; more of them begin with fewer."""
        random = stream(self.seed, self.draw, purpose, number)
        normal = random.standard_normal((count, self.dim + 1))
        x = self.centre(client) + normal[:, :-1]
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        x = x * np.minimum(1.0, self.bound / norm)
        return Samples(x, x @ self.truth + LABEL_NOISE * normal[:, -1])

    def train(self, count: int) -> Samples:
        """(N, count, d) samples."""
        return self._every(Purpose.client, count)

    def test(self, count: int) -> Samples:
        """(N, count, d) fresh ones."""
        return self._every(Purpose.test, count)

    def _every(self, purpose: Purpose, count: int) -> Samples:
        made = [self.of(purpose, i, count, i) for i in range(self.clients)]
        return Samples(np.stack([s.x for s in made]), np.stack([s.response for s in made]))

    def replaced(self, samples: int, count: int, *, pooled: bool) -> Replacements:
        """Which samples are replaced, each once, and fresh ones of the same clients (``pooled``: of
        any) in their place."""
        random = stream(self.seed, self.draw, Purpose.replaced)
        chosen = random.permutation(self.clients * samples)[:count]
        client, sample = np.divmod(chosen, samples)
        source = random.integers(self.clients, size=count) if pooled else client
        made = [self.of(Purpose.replaced, int(i), 1, 1 + k) for k, i in enumerate(source)]
        x = np.concatenate([s.x for s in made])
        return Replacements(client, sample, Samples(x, np.concatenate([s.response for s in made])))


@dataclass(frozen=True)
class Replacements:
    """K samples in the place of others."""

    client: Int[np.ndarray, " K"]
    sample: Int[np.ndarray, " K"]
    samples: Samples
