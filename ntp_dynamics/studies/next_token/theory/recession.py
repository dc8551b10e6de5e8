"""Where does a softmax-linear loss send its weights?  The recession of a problem, column by column.

    L(w) = sum_n pi_n [ lse_{v in T_n} (w_v + log m_v) - sum_v p_nv (w_v + log m_v) ]

T_n are the tokens of sample n under its column, m their copies, p_n a distribution over some of
them.  With arcs from every token of p_n to every other one of T_n, tokens of one strong component
stay within a bounded distance of one another, and what an arc joins across components parts for
ever:

    W -> W_fin + r W_svm,   r -> infinity.

W_fin is found in `finite_part`.  W_svm is one value u_c a component, of s_c tokens:

    min sum_c s_c u_c^2   subject to   u_a - u_b >= 1   for every arc between components.

inf L is attained if and only if there is no such arc.  A corpus in the sense of Huang, Liang, Yang
(2024) has components of one token only.  Derived for this project, for orthonormal embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ntp_dynamics.studies.next_token.data.orders import Relations
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.theory.columns import Columns
from ntp_dynamics.studies.next_token.theory.max_margin import solve_relations


@dataclass(frozen=True, eq=False)
class Samples:
    """N samples of E tokens in all; no token stands twice in a sample."""

    vocab_size: int
    column: Int[np.ndarray, " N"]
    tokens: Rows
    copies: Float[np.ndarray, " E"]
    target: Float[np.ndarray, " E"]
    """p_n: sums to 1 over each sample."""
    weight: Float[np.ndarray, " N"]
    """Positive, of any sum; ``pi`` are the shares."""

    @cached_property
    def pi(self) -> Float[np.ndarray, " N"]:
        return self.weight / self.weight.sum()

    @cached_property
    def sample(self) -> Int[np.ndarray, " E"]:
        """The sample of each token."""
        return self.tokens.owner()


@dataclass(frozen=True, eq=False)
class Recession:
    """Components, and the arcs between them.

    Nodes are the pairs of a column and a token that occur, by column, then token.  Components are
    numbered by their first nodes.
    """

    samples: Samples
    column: Int[np.ndarray, " K"]
    token: Int[np.ndarray, " K"]
    node: Int[np.ndarray, " E"]
    """That of every token of a sample."""
    component: Int[np.ndarray, " K"]
    size: Int[np.ndarray, " C"]
    first: Int[np.ndarray, " C"]
    """The first node of each component."""
    label: Int[np.ndarray, " N"]
    """The component of what a sample asks for."""
    inside: Bool[np.ndarray, " E"]
    """Whether a token of a sample is of that component."""
    above: Int[np.ndarray, " A"]
    """Components: the arcs between them, each once, in increasing order."""
    below: Int[np.ndarray, " A"]
    arc: Int[np.ndarray, " O"]
    """The arc of every token outside its sample's component, in the order of the samples."""
    solved: Columns | None = None
    """W_svm, where it is known already."""

    @property
    def has_direction(self) -> bool:
        """Whether some weights go to infinity; otherwise inf L is attained, at W_fin."""
        return len(self.above) > 0

    @cached_property
    def columns(self) -> Columns:
        """W_svm, exact wherever it was proved: a component stands as its first token."""
        if self.solved is not None:
            return self.solved
        column, token = self.column[self.first], self.token[self.first]
        relations = Relations(column[self.above], token[self.above], token[self.below])
        sizes = np.stack([self.size[self.above], self.size[self.below]])
        return solve_relations(relations, self.samples.vocab_size, sizes)

    @cached_property
    def levels(self) -> Float[np.ndarray, " C"]:
        """u_c: W_svm of every component; 0 without an arc."""
        v, q, value = self.columns.floats()
        levels = np.zeros(len(self.size))
        levels[self.component_at(q, v)] = value
        return levels

    @property
    def direction(self) -> Float[np.ndarray, " K"]:
        """W_svm of every node."""
        return self.levels[self.component]

    @cached_property
    def whole(self) -> Int[np.ndarray, " K"]:
        """The part of its column that a node is joined to by arcs of whatever direction."""
        return connected_components(self._graph, directed=False)[1]

    @cached_property
    def _graph(self) -> csr_array:
        return _graph(self.samples, self.node, len(self.column))

    def component_at(
        self, column: Int[np.ndarray, " M"], token: Int[np.ndarray, " M"]
    ) -> Int[np.ndarray, " M"]:
        """The components of nodes that occur."""
        size = self.samples.vocab_size
        return self.component[
            np.searchsorted(self.column * size + self.token, column * size + token)
        ]

    def projected(self, w: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        """P_F w: zero sum on every component."""
        mean = np.bincount(self.component, w, len(self.size)) / self.size
        return w - mean[self.component]

    def matrix(self, w: Float[np.ndarray, " K"], columns: int) -> Float[np.ndarray, "V Q"]:
        """Values of nodes as a matrix of tokens and columns 0 .. columns-1; 0 where none is."""
        matrix = np.zeros((self.samples.vocab_size, columns))
        matrix[self.token, self.column] = w
        return matrix


def recession(samples: Samples, solved: Columns | None = None) -> Recession:
    """Components and arcs of a problem, in arrays, in linear time but for sorting."""
    v = samples.vocab_size
    key = samples.column[samples.sample].astype(np.int64) * v + samples.tokens.flat
    nodes, node = np.unique(key, return_inverse=True)
    graph = _graph(samples, node, len(nodes))
    _, found = connected_components(graph, directed=True, connection="strong")
    _, first, found = np.unique(found, return_index=True, return_inverse=True)
    order = np.argsort(first)
    component = np.argsort(order)[found]
    label = component[node[_a_target(samples)]]
    of_label = label[samples.sample]
    inside = component[node] == of_label
    outside = ~inside
    size = np.bincount(component)
    arcs, arc = np.unique(
        of_label[outside].astype(np.int64) * len(size) + component[node[outside]],
        return_inverse=True,
    )
    above, below = np.divmod(arcs, max(len(size), 1))
    return Recession(
        samples,
        column=nodes // v,
        token=nodes % v,
        node=node,
        component=component,
        size=size,
        first=first[order],
        label=label,
        inside=inside,
        above=above,
        below=below,
        arc=arc,
        solved=solved,
    )


def _a_target(samples: Samples) -> Int[np.ndarray, " N"]:
    """The place of one token that each sample asks for."""
    asked = np.flatnonzero(samples.target > 0)
    return asked[np.searchsorted(samples.sample[asked], np.arange(len(samples.column)))]


def _graph(samples: Samples, node: Int[np.ndarray, " E"], nodes: int) -> csr_array:
    """Arcs of the same strong components and reach as all arcs, as many as tokens.

    What one sample asks for has arcs both ways: here it is a ring.  One of the ring has the arcs to
    the others.
    """
    asked = np.flatnonzero(samples.target > 0)
    others = np.flatnonzero(samples.target <= 0)
    follows = np.roll(asked, -1)
    sample = samples.sample
    start = _a_target(samples)
    last = sample[follows] != sample[asked]
    follows[last] = start[sample[asked[last]]]
    if len(samples.column) == 1:
        follows[-1] = start[0]
    tail = np.concatenate([node[asked], node[start[sample[others]]]])
    head = np.concatenate([node[follows], node[others]])
    return csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes))
