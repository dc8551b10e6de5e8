"""The recession of a softmax-linear problem for any vectors: W_fin + r W_svm.

`recession` has orthonormal vectors, so that columns stand alone and components are those of a
graph.  Here W is a matrix, token v of sample n has the logit L_v^T W R_q + log m_v, q the column of
n, and

    F_nv = (L_a - L_v) R_q^T,   a the token that sample n asks for most,

are the rows of all tokens v != a of n.  L = I with R the vectors h_x of the contexts (of fewer
numbers than tokens, averages of sentences) is the feed-forward stage with soft labels
(Thrampoulidis 2024, arXiv 2402.18551, without his hypotheses); L = E, R = E_Q is the log head.
One linear programme decides,

    max sum u   s.t.   0 <= u <= 1,   <F_nv, W> >= u_nv for v not asked for,   <F_nv, W> = 0 else:

it has u = 1 at the *strict* rows and u = 0 at the others.  F' is the span of those not strict:

    W_fin  minimises in F' the loss with strict tokens cut out (`gram_finite`), inf L is its loss,
    W_svm  is the shortest matrix across F' with <F, W> >= 1 at every strict row.

*Separable*: all that is not asked for is strict.  *Compatible*: some W has the log-odds of every
p_n.  inf L is the entropy of the labels if and only if both hold.  Derived for this project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import csr_array, eye_array, hstack

from ntp_dynamics.studies.next_token.theory import min_norm
from ntp_dynamics.studies.next_token.theory.gram_finite import cut_loss, newton
from ntp_dynamics.studies.next_token.theory.min_norm import LARGEST_KERNEL, Contradiction, Unsolved
from ntp_dynamics.studies.next_token.theory.recession import Samples
from ntp_dynamics.studies.next_token.theory.separation import Relations
from ntp_dynamics.system.errors import UserError

LARGEST_MATRIX = 1000
"""Entries of W up to which its space is split; rows may be LARGEST_KERNEL."""
ZERO = 1e-10
"""Singular values, sums that cancel and log-odds that agree, relative to their size."""
CLEAR = 1e-8
"""What is not zero is above this; between: Unsolved."""
METHODS = ("highs", "highs-ipm")
"""The second solves what the simplex method gives up on: a thousand dense rows may do."""


@dataclass(frozen=True, eq=False)
class GramRecession:
    """W_fin, W_svm and what proves them.

    That rows called strict are strict, W_svm shows; that no other is, ``cancelling``.
    """

    rows: Relations
    """The M rows F, each once."""
    row: Int[np.ndarray, " E"]
    """The row of every token of a sample; -1 for what it asks for most."""
    strict: Bool[np.ndarray, " M"]
    asked: Bool[np.ndarray, " M"]
    """Rows of tokens that some sample asks for."""
    separable: bool
    """Whether all that a sample does not ask for is strict."""
    cancelling: Float[np.ndarray, " M"]
    """Numbers that combine the rows to nothing: 0 at strict rows, > 0 at those neither strict nor
    asked for."""
    conflict: Float[np.ndarray, " E"] | None
    """Numbers at tokens asked for that combine their rows to nothing, and the log-odds
    log(p_a / m_a) - log(p_v / m_v) to 1: no W has these.  None where one has."""
    entropy: float
    """sum_n pi_n H(p_n)."""
    infimum: float
    """inf L."""
    finite: Float[np.ndarray, "A C"]
    """W_fin."""
    residual: float
    """The norm in F' of the gradient of the cut-down loss at W_fin."""
    decrement: float
    """Newton's: that loss is above its infimum by no more than about its square."""
    curvature: float
    """lam: the largest eigenvalue of its Hessian on F'; 0 where F' is nothing."""
    direction: Float[np.ndarray, "A C"]
    """W_svm; 0 without a strict row."""
    gap: float
    """Bounds 1/2 ||W - W_svm||^2."""

    @property
    def compatible(self) -> bool:
        return self.conflict is None

    @property
    def inside(self) -> Bool[np.ndarray, " E"]:
        """Tokens of a sample that stay at a bounded distance from what it asks for."""
        return (self.row < 0) | ~self.strict[self.row]


def gram_recession(
    samples: Samples, left: Float[np.ndarray, "A V"], right: Float[np.ndarray, "C Q"]
) -> GramRecession:
    """Of a problem whose columns are those of ``right``.

    Raises UserError above LARGEST_KERNEL rows or LARGEST_MATRIX entries of W, ValueError for
    vectors that do not fit, and Unsolved where floats do not decide.
    """
    rows, row, asked = _rows(samples, left, right)
    written = rows.rows()
    strict, cancelling = _partition(written, asked)
    span, across = _split(written[~strict])
    cut = cut_loss(samples, row, strict, written @ span.T)
    y = cut.minimise()
    hessian = cut.hessian(y)
    slope = cut.slope(y)
    decrement = max(float(slope @ newton(hessian, slope)), 0.0) ** 0.5
    if not decrement < CLEAR:
        raise Unsolved(f"the decrement of W_fin stayed at {decrement:.1e}")
    direction, gap = _shortest(written[strict] @ across.T)
    shape = len(left), len(right)
    own = samples.target[samples.target > 0]
    return GramRecession(
        rows=rows,
        row=row,
        strict=strict,
        asked=asked,
        separable=bool(strict[row[samples.target <= 0]].all()),
        cancelling=cancelling,
        conflict=_conflict(samples, row, written),
        entropy=float(-(samples.pi[samples.sample[samples.target > 0]] * own) @ np.log(own)),
        infimum=cut.loss(y),
        finite=(y @ span).reshape(shape),
        residual=float(np.linalg.norm(slope)),
        decrement=decrement,
        curvature=float(np.linalg.eigvalsh(hessian)[-1]) if len(span) else 0.0,
        direction=(direction @ across).reshape(shape),
        gap=gap,
    )


def _rows(
    samples: Samples, left: Float[np.ndarray, "A V"], right: Float[np.ndarray, "C Q"]
) -> tuple[Relations, Int[np.ndarray, " E"], Bool[np.ndarray, " M"]]:
    """The rows, that of every token, and which are of tokens asked for."""
    size = samples.vocab_size
    if left.shape[1] != size or right.shape[1] <= samples.column.max():
        raise ValueError("a token or a column has no vector")
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise ValueError("a vector is not finite")
    falling = np.lexsort((-samples.target, samples.sample))
    first = falling[samples.tokens.start[:-1]][samples.sample]
    other = first != np.arange(len(first))
    flat = samples.tokens.flat.astype(np.int64)
    column = samples.column[samples.sample].astype(np.int64)
    found, place = np.unique(
        ((column * size + flat[first]) * size + flat)[other], return_inverse=True
    )
    above, below = np.divmod(found, size)
    query, above = np.divmod(above, size)
    entries = len(left) * len(right)
    if len(found) > LARGEST_KERNEL or entries > LARGEST_MATRIX:
        what = f"{len(found):,} pairs of tokens and a matrix of {entries:,} entries are too many"
        most = f"at most {LARGEST_KERNEL:,} and {LARGEST_MATRIX:,}"
        raise UserError("vectors", what, f"give {most}, or orthonormal vectors")
    row = np.full(len(first), -1)
    row[other] = place
    asked = np.zeros(len(found), dtype=bool)
    asked[place[samples.target[other] > 0]] = True
    return Relations(above, below, query, left, right), row, asked


def _partition(
    rows: Float[np.ndarray, "M N"], asked: Bool[np.ndarray, " M"]
) -> tuple[Bool[np.ndarray, " M"], Float[np.ndarray, " M"]]:
    """Which rows are strict, and the multipliers of the others that prove that they are not."""
    strict, weight = np.zeros(len(rows), dtype=bool), np.zeros(len(rows))
    if asked.all():
        return strict, weight
    length = np.linalg.norm(rows, axis=1)
    length[length == 0] = 1
    unit = rows / length[:, None]
    found = _programme(unit[~asked], unit[asked])
    n = rows.shape[1]
    strict[~asked] = found.x[n:] > 0.5
    weight[~asked], weight[asked] = -found.ineqlin.marginals, found.eqlin.marginals
    # The dual has at least 1 at what is not strict, and 0 at strict rows; what the solver's
    # tolerance leaves of their sum is taken off by the smallest change.
    weight[strict] = 0
    bound = unit[~strict]
    weight[~strict] -= np.linalg.lstsq(bound.T, bound.T @ weight[~strict])[0]
    left_over = np.linalg.norm(weight @ unit)
    if (weight[~strict & ~asked] < 0.5).any() or left_over > ZERO * np.abs(weight).sum():
        raise Unsolved("floats do not decide which pairs of tokens part for ever")
    return strict, weight / length


def _programme(free: Float[np.ndarray, "K N"], equal: Float[np.ndarray, "L N"]) -> OptimizeResult:
    """max sum u over 0 <= u <= 1 and W with free W >= u, equal W = 0; unknowns (W, u)."""
    m, n = free.shape
    for method in METHODS:
        found = linprog(
            np.concatenate([np.zeros(n), -np.ones(m)]),
            A_ub=hstack([csr_array(-free), eye_array(m)]),
            b_ub=np.zeros(m),
            A_eq=hstack([csr_array(equal), csr_array((len(equal), m))]),
            b_eq=np.zeros(len(equal)),
            bounds=[(None, None)] * n + [(0, 1)] * m,
            method=method,
        )
        if found.status == 0:
            return found
    raise Unsolved(f"the linear programme was not solved: {found.message}")


def _split(
    rows: Float[np.ndarray, "M N"],
) -> tuple[Float[np.ndarray, "K N"], Float[np.ndarray, "P N"]]:
    """Orthonormal bases of the span of the rows, and of what is across it."""
    values, basis = np.linalg.svd(rows)[1:]
    relative = values / max(values.max(initial=0.0), np.finfo(float).tiny)
    rank = int((relative > ZERO).sum())
    if rank and relative[rank - 1] < CLEAR:
        raise Unsolved("floats do not decide the rank of the pairs that do not part")
    return basis[:rank], basis[rank:]


def _conflict(
    samples: Samples, row: Int[np.ndarray, " E"], rows: Float[np.ndarray, "M N"]
) -> Float[np.ndarray, " E"] | None:
    """What least squares leaves of the log-odds is across all rows: a proof, scaled to 1."""
    taught = np.flatnonzero((samples.target > 0) & (row >= 0))
    if not len(taught):
        return None
    start = np.flatnonzero(row < 0)[samples.sample[taught]]
    odds = np.log(samples.target[start] / samples.copies[start])
    odds -= np.log(samples.target[taught] / samples.copies[taught])
    system = rows[row[taught]]
    left_over = odds - system @ np.linalg.lstsq(system, odds)[0]
    relative = np.linalg.norm(left_over) / max(float(np.linalg.norm(odds)), 1.0)
    if relative <= ZERO:
        return None
    if relative < CLEAR:
        raise Unsolved("floats do not decide whether the log-odds contradict each other")
    conflict = np.zeros(len(row))
    conflict[taught] = left_over / (left_over @ odds)
    return conflict


def _shortest(rows: Float[np.ndarray, "M P"]) -> tuple[Float[np.ndarray, " P"], float]:
    """The shortest w with rows w >= 1, and its gap: a row is a token above one at the origin."""
    m, p = rows.shape
    if not m:
        return np.zeros(p), 0.0
    points = np.column_stack([rows.T, np.zeros(p)])
    origin = np.full(m, m)
    relations = Relations(np.arange(m), origin, np.zeros(m, dtype=int), points, np.ones((1, 1)))
    try:
        found = min_norm.solve(relations)
    except Contradiction:
        raise Unsolved("floats do not decide which pairs of tokens part for ever") from None
    return relations.matrix(found.multipliers)[:, 0], found.gap * found.norm_squared / 2
