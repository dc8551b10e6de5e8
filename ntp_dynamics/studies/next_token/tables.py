"""What is known of a job before its first step, as tables of its record.

Axes: `run`; `sentence`, `token` (distinct tokens of a sentence by first occurrence), `query`,
`key`, `next`.  Where runs have different corpora shorter ones are padded: nan, and -1 in the
integer tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.draw import Streams
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.quantities import PAPER
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget
from ntp_dynamics.studies.next_token.theory.targets import Targets

if TYPE_CHECKING:
    import xarray

FORMAT = 1


def corpora_table(batch: Batch, streams: Streams) -> xarray.Dataset:
    """The tokens of every sentence, and the random streams of the runs."""
    import xarray

    def padded(ids: Tensor, present: Tensor) -> np.ndarray:
        return as_array(ids.masked_fill(~present, -1)).astype(np.int32)

    real = batch.log_pi > float("-inf")
    tokens = padded(batch.token, batch.present & real[..., None])
    queries = as_array(batch.query_id).astype(np.int32)
    count = as_array(batch.n_sentences).astype(np.int32)
    number = "token number"
    variables = {
        "token_id": (
            ("run", "sentence", "token"),
            tokens,
            said("distinct tokens of each sentence, by first occurrence", number),
        ),
        "next_id": (
            ("run", "sentence"),
            padded(batch.next_token, real),
            said("next token of each sentence", number),
        ),
        "query_id": (("run", "query"), queries, said("token of each query", number)),
        "n_sentences": (("run",), count, said("number of distinct samples")),
    }
    coords = {
        "run": ("run", np.arange(batch.runs), said("trajectories of the job")),
        "stream_data": ("run", np.array(streams.data), said("random stream of the corpus")),
        "stream_init": ("run", np.array(streams.init), said("random stream of the weights")),
    }
    return xarray.Dataset(variables, coords, {"format": FORMAT, "seed": str(streams.seed)})


def targets_table(
    reference: Reference, targets: Sequence[Targets], by_pairs: bool
) -> xarray.Dataset:
    """W*_ov and W*_kq, their norms, and what is known of them; a run each.

    ``by_pairs``: with an entry for every pair of tokens; else of W*_kq those that can differ from
    0, and W*_ov, of a closed form, not at all.
    """
    import xarray

    def each(name: str, missing: float, kind: type) -> np.ndarray:
        kq = [t.attention for t in targets]
        return np.array([missing if t is None else getattr(t, name) for t in kq], dtype=kind)

    run = ("run",)
    problem2, problem3 = f"{PAPER}, problem (2)", f"{PAPER}, problem (3)"
    never = "tight relations whose multiplier is 0 in every dual optimum"
    kq = said("E^T W*_kq E_Q", source=problem3)
    if by_pairs:
        matrices = {
            "w_ov": (
                ("run", "next", "key"),
                as_array(reference.ov),
                said("W*_ov E", source=problem2),
            ),
            "w_kq": (("run", "key", "query"), as_array(reference.kq), kq),
        }
    else:
        matrices = _entries(targets, kq)
    return xarray.Dataset(
        {
            **matrices,
            "norm_ov": (run, as_array(reference.ov_norm), said("||W*_ov||_F", source=problem2)),
            "norm_kq": (run, as_array(reference.kq_norm), said("||W*_kq||_F", source=problem3)),
            "exact_kq": (run, each("exact", 0, np.int8), said("1 where W*_kq is proved exactly")),
            "gap_kq": (run, each("gap", np.nan, np.float64), said("duality gap of W*_kq")),
            "tight": (run, each("tight", -1, np.int32), said("tight relations; -1: no target")),
            "forced_zero": (
                run,
                each("forced_zero", -1, np.int32),
                said(f"{never}; -1: no target, or not decided"),
            ),
            "eta_c": (
                run,
                np.array([t.threshold.value for t in targets]),
                said("step size at which norm and loss leave their laws; nan: not known"),
            ),
            "offset_kq": (
                run,
                np.array([t.offset.squared for t in targets]),
                said("R^2 of 1 - cos ~ R^2 / (2 (eta t)^2); nan: not determined"),
            ),
            "pull": (
                run,
                np.array([t.pull for t in targets]),
                said("least margin that heavier sentences alone give a lighter one; inf: none"),
            ),
        }
    )


def linear_variables(stage: Stage, targets: Sequence[LinearTarget]) -> dict[str, Any]:
    """What is known of a softmax-linear stage, a run each."""
    layer = {Stage.feed_forward: "ov", Stage.attention: "kq"}[stage]
    told = {
        "norm_fin": ("finite_norm", "||W_fin||_F"),
        "infimum": ("infimum", "L_inf, which a direction only approaches"),
        "leak_coefficient": ("leak", "Lam: the leak at W_fin + r W_svm is at most Lam e^-r"),
        "curvature": ("curvature", "lam: largest eigenvalue of the Hessian at W_fin"),
        "offset": ("offset", "R^2 of 1 - cos ~ R^2 / (2 ||W||^2); nan: not determined"),
    }
    return {
        f"{name}_{layer}": (
            ("run",),
            np.array([getattr(t, field) for t in targets]),
            said(long_name, source="derived"),
        )
        for name, (field, long_name) in told.items()
    }


def _entries(targets: Sequence[Targets], about: dict[str, str]) -> dict[str, Any]:
    """The entries of W*_kq that can differ from 0, padded to the run that has most."""
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    each = [
        t.attention.columns.floats() if isinstance(t.attention, AttentionTarget) else nothing
        for t in targets
    ]
    shape = len(each), max(len(value) for _, _, value in each)
    key, query, values = np.full(shape, -1), np.full(shape, -1), np.full(shape, np.nan)
    for run, (token, asked, value) in enumerate(each):
        for table, entries in ((key, token), (query, asked), (values, value)):
            table[run, : len(value)] = entries
    dims, number = ("run", "entry"), "token number"
    return {
        "w_kq": (dims, values, about),
        "w_kq_key": (dims, key.astype(np.int32), said("key of each entry of w_kq", number)),
        "w_kq_query": (dims, query.astype(np.int32), said("query of each entry of w_kq", number)),
    }


def as_array(tensor: Tensor) -> np.ndarray:
    """A tensor of any device as numpy has it."""
    return tensor.numpy(force=True)
