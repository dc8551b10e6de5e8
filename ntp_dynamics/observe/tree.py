"""The trajectory of a job as one self-describing tree: a group a stage, targets, coordinates.

Axes: `run`; `step` and `checkpoint`; `sentence`, `token` (distinct tokens of a sentence by first
occurrence), `query`, `key`, `next`.  Where runs have different corpora shorter ones are padded:
nan, and -1 in the integer tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.config import Stage
from ntp_dynamics.data.draw import Streams
from ntp_dynamics.lab.trajectory import Recorder
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.observe.reference import Reference
from ntp_dynamics.theory.targets import Targets

if TYPE_CHECKING:
    import xarray

FORMAT = 1


def make_tree(
    recorders: Mapping[Stage, Recorder],
    reached: Mapping[Stage, int],
    batch: Batch,
    reference: Reference,
    targets: Sequence[Targets],
    streams: Streams,
) -> xarray.DataTree:
    """Everything numeric that a job leaves behind; holds no time and no machine name."""
    import xarray

    groups = {"/": _corpora(batch, streams), "/targets": _targets(reference, targets)}
    for stage, recorder in recorders.items():
        groups[f"/{stage}"] = recorder.dataset(reached[stage])
    return xarray.DataTree.from_dict(groups)


def _corpora(batch: Batch, streams: Streams) -> xarray.Dataset:
    import xarray

    def padded(ids: Any, present: Any) -> np.ndarray:
        return ids.masked_fill(~present, -1).numpy(force=True).astype(np.int32)

    real = batch.log_pi > float("-inf")
    variables = {
        "token_id": (
            ("run", "sentence", "token"),
            padded(batch.token, batch.present & real[..., None]),
            {"long_name": "distinct tokens of each sentence, by first occurrence"},
        ),
        "next_id": (
            ("run", "sentence"),
            padded(batch.next_token, real),
            {"long_name": "next token of each sentence"},
        ),
        "query_id": (
            ("run", "query"),
            batch.query_id.numpy(force=True).astype(np.int32),
            {"long_name": "token of each query"},
        ),
        "n_sentences": (
            ("run",),
            batch.n_sentences.numpy(force=True).astype(np.int32),
            {"long_name": "number of distinct samples"},
        ),
    }
    coords = {
        "run": np.arange(batch.runs),
        "stream_data": ("run", np.array(streams.data), {"long_name": "stream of the corpus"}),
        "stream_init": ("run", np.array(streams.init), {"long_name": "stream of the weights"}),
    }
    return xarray.Dataset(variables, coords, {"format": FORMAT, "seed": str(streams.seed)})


def _targets(reference: Reference, targets: Sequence[Targets]) -> xarray.Dataset:
    import xarray

    def number(name: str, missing: float) -> np.ndarray:
        kq = [t.attention for t in targets]
        return np.array([missing if t is None else float(getattr(t, name)) for t in kq])

    def array(tensor: Any) -> np.ndarray:
        return tensor.numpy(force=True)

    per_run = ("run",)
    return xarray.Dataset(
        {
            "w_ov": (("run", "next", "key"), array(reference.ov), {"long_name": "W*_ov E"}),
            "w_kq": (("run", "key", "query"), array(reference.kq), {"long_name": "E^T W*_kq E_Q"}),
            "norm_ov": (per_run, array(reference.ov_norm), {"long_name": "||W*_ov||_F"}),
            "norm_kq": (per_run, array(reference.kq_norm), {"long_name": "||W*_kq||_F"}),
            "exact_kq": (per_run, number("exact", 0), {"long_name": "1 where certified exactly"}),
            "gap_kq": (per_run, number("gap", np.nan), {"long_name": "duality gap of W*_kq"}),
            "tight": (per_run, number("tight", np.nan), {"long_name": "tight relations"}),
            "forced_zero": (
                per_run,
                number("forced_zero", np.nan),
                {"long_name": "tight relations whose multiplier is 0 in every dual optimum"},
            ),
        }
    )
