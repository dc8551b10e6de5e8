"""The same training as a jax program: token space, structured logits, one jitted `lax.scan`.

float64 and the linear domain, five numbers logged at every step, the scores donated, slots leading
so that sums over a sentence run over contiguous rows.  Gradients are scattered: gathering them by
pair from padded lists took XLA up to four times as long on a CPU.  It is written for the corpora of
these benchmarks: L distinct tokens a sentence, n injective, one margin.
"""

from __future__ import annotations

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = (
    f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    " intra_op_parallelism_threads=1"
)

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np
from jax import Array, lax  # pyright: ignore[reportMissingImports]
from jaxtyping import Float

from benchmarks.performance.corpora import MARGIN, Problem

jax.config.update("jax_enable_x64", True)


class Scan:
    """R runs of the attention stage from zero, by `vmap` where there are several."""

    def __init__(self, given: Problem, step_size: float):
        batch = given.batch
        n, width = batch.token.shape[1:]
        optimal = batch.optimal[0].numpy()
        assert batch.present[0].all(), "sentences of equal length"
        assert (optimal.sum(1) == 1).all(), "one optimal token each"
        first = np.argsort(~optimal, axis=1, kind="stable")  # the optimal token in slot 0
        place = np.take_along_axis(batch.score_index[0].numpy(), first, axis=1)
        self.pairs, pair = np.unique(place, return_inverse=True)
        pair = pair.reshape(n, width).T
        size, runs = len(self.pairs), batch.runs
        pi = jnp.exp(jnp.asarray(batch.log_pi[0].numpy()))
        rest = batch.vocab_size - width
        target = jnp.asarray(np.random.default_rng(0).standard_normal(size))
        target_norm = jnp.linalg.norm(target)

        def slope(scores: Array) -> tuple[Array, Array]:
            s = scores[pair]
            e = jnp.exp(s - s.max(0))
            phi = e / e.sum(0)
            t = MARGIN * phi
            z = jnp.exp(t)
            total = z.sum(0) + rest
            v = MARGIN * (z / total).at[0].add(-1.0)
            d = pi * phi * (v - (phi * v).sum(0))
            loss = (pi * (jnp.log(total) - t[0])).sum()
            return jnp.zeros(size).at[pair].add(d), loss

        def step(scores: Array, _: None) -> tuple[Array, Array]:
            d, loss = slope(scores)
            norm, length = jnp.linalg.norm(d), jnp.linalg.norm(scores)
            cosine = (scores @ target) / (length * target_norm)
            alignment = (d @ target) / (norm * target_norm)
            logged = jnp.stack([loss, norm, length, cosine, alignment])
            return scores - step_size * d / norm, logged

        many = step if runs == 1 else jax.vmap(step, in_axes=(0, None))
        self.scores = jnp.zeros(size if runs == 1 else (runs, size))
        self._advance = jax.jit(
            lambda scores, count: lax.scan(many, scores, None, length=count),
            static_argnums=1,
            donate_argnums=0,
        )
        self.log: list[Array] = []

    def steps(self, count: int) -> None:
        """Take some steps."""
        self.scores, logged = self._advance(self.scores, count)
        self.log = [logged.block_until_ready()]

    def moved(self) -> Float[np.ndarray, "R P"]:
        """The scores of the pairs that occur, those at `pairs` of the flattened V x Q."""
        return np.atleast_2d(np.asarray(self.scores))
