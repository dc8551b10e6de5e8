"""The trajectory of a job as one self-describing tree: a group a stage, targets, coordinates.

Axes: `run`; `step` and `checkpoint`; `sentence`, `token` (distinct tokens of a sentence by first
occurrence), `query`, `key`, `next`.  Where runs have different corpora shorter ones are padded:
nan, and -1 in the integer tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import Stage
from ntp_dynamics.data.draw import Streams
from ntp_dynamics.lab.trajectory import Recorder
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.reference import Reference
from ntp_dynamics.theory.targets import Targets

if TYPE_CHECKING:
    import xarray

FORMAT = 1


SHADOW = "shadow_"
"""Prefix of the groups of a shadow."""

HERE = "ntp-dynamics"
PAPER = "Huang, Liang, Yang 2024, {}"


def make_tree(
    recorders: Mapping[str, Recorder],
    reached: Mapping[str, int],
    logits: Float[Tensor, "R V V"],
    shadows: Mapping[str, xarray.Dataset],
    batch: Batch,
    reference: Reference,
    targets: Sequence[Targets],
    streams: Streams,
) -> xarray.DataTree:
    """Everything numeric that a job leaves behind; holds no time and no machine name.

    ``logits`` are those of the attention stage, frozen there and stored once; ``shadows`` are the
    stages trained once more by automatic differentiation.
    """
    import xarray

    groups = {"/": _corpora(batch, streams), "/targets": _targets(reference, targets)}
    for stage, recorder in recorders.items():
        data = groups[f"/{stage}"] = recorder.dataset(reached[stage])
        for clock in data.coords:
            data[clock].attrs.update(_said("recorded steps", "step"))
    if (attention := groups.get(f"/{Stage.attention}")) is not None:
        said = _said("frozen logits M = W_ov E of this stage")
        attention["logits"] = (("run", "next", "key"), _array(logits), said)
    for stage, data in shadows.items():
        groups[f"/{SHADOW}{stage}"] = data
    return xarray.DataTree.from_dict(groups)


def _corpora(batch: Batch, streams: Streams) -> xarray.Dataset:
    import xarray

    def padded(ids: Tensor, present: Tensor) -> np.ndarray:
        return _array(ids.masked_fill(~present, -1)).astype(np.int32)

    real = batch.log_pi > float("-inf")
    tokens = padded(batch.token, batch.present & real[..., None])
    queries = _array(batch.query_id).astype(np.int32)
    count = _array(batch.n_sentences).astype(np.int32)
    number = "token number"
    variables = {
        "token_id": (
            ("run", "sentence", "token"),
            tokens,
            _said("distinct tokens of each sentence, by first occurrence", number),
        ),
        "next_id": (
            ("run", "sentence"),
            padded(batch.next_token, real),
            _said("next token of each sentence", number),
        ),
        "query_id": (("run", "query"), queries, _said("token of each query", number)),
        "n_sentences": (("run",), count, _said("number of distinct samples")),
    }
    coords = {
        "run": ("run", np.arange(batch.runs), _said("trajectories of the job")),
        "stream_data": ("run", np.array(streams.data), _said("random stream of the corpus")),
        "stream_init": ("run", np.array(streams.init), _said("random stream of the weights")),
    }
    return xarray.Dataset(variables, coords, {"format": FORMAT, "seed": str(streams.seed)})


def _targets(reference: Reference, targets: Sequence[Targets]) -> xarray.Dataset:
    import xarray

    def each(name: str, missing: float, kind: type) -> np.ndarray:
        kq = [t.attention for t in targets]
        return np.array([missing if t is None else getattr(t, name) for t in kq], dtype=kind)

    run = ("run",)
    problem2, problem3 = PAPER.format("problem (2)"), PAPER.format("problem (3)")
    ov, kq = _array(reference.ov), _array(reference.kq)
    never = "tight relations whose multiplier is 0 in every dual optimum"
    return xarray.Dataset(
        {
            "w_ov": (("run", "next", "key"), ov, _said("W*_ov E", source=problem2)),
            "w_kq": (("run", "key", "query"), kq, _said("E^T W*_kq E_Q", source=problem3)),
            "norm_ov": (run, _array(reference.ov_norm), _said("||W*_ov||_F", source=problem2)),
            "norm_kq": (run, _array(reference.kq_norm), _said("||W*_kq||_F", source=problem3)),
            "exact_kq": (run, each("exact", 0, np.int8), _said("1 where W*_kq is proved exactly")),
            "gap_kq": (run, each("gap", np.nan, np.float64), _said("duality gap of W*_kq")),
            "tight": (run, each("tight", -1, np.int32), _said("tight relations; -1: no target")),
            "forced_zero": (
                run,
                each("forced_zero", -1, np.int32),
                _said(f"{never}; -1: no target, or not decided"),
            ),
            "eta_c": (
                run,
                np.array([t.threshold.value for t in targets]),
                _said("step size at which norm and loss leave their laws; nan: not known"),
            ),
            "pull": (
                run,
                np.array([t.pull for t in targets]),
                _said("least margin that heavier sentences alone give a lighter one; inf: none"),
            ),
        }
    )


def _said(long_name: str, units: str = "1", source: str = HERE) -> dict[str, str]:
    return {"units": units, "long_name": long_name, "source": source}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.numpy(force=True)
