"""A large job leaves out what has an entry for every pair of tokens, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.observe import hooks
from ntp_dynamics.studies.next_token import size
from ntp_dynamics.studies.next_token.views.attention import attention

TINY = ["experiment=smoke", "tracking=none", "figures=none"]
STEPS = ["train.feed_forward.steps=20", "train.attention.steps=30"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> ntp.Record:
    return ntp.train([*TINY, *STEPS], tmp_path_factory.mktemp("whole") / "record")


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> ntp.Record:
    """The same job where a few kilobytes count as much."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (hooks, size):
            patch.setattr(module, "LARGE", 4000)
        asked = [*TINY, *STEPS, "hooks.arrays=ends"]
        return ntp.train(asked, tmp_path_factory.mktemp("large") / "record")


def test_what_is_measured_and_judged_stays(whole, large) -> None:
    for stage in ("feed_forward", "attention"):
        for name, data in whole.stage(stage).data_vars.items():
            if data.dims == ("run", "step"):
                np.testing.assert_array_equal(data, large.stage(stage)[name])
    assert [(v["id"], v["label"]) for v in whole.verdicts] == [
        (v["id"], v["label"]) for v in large.verdicts
    ]


def test_tables_of_pairs_are_left_out_and_w_kq_is_kept_by_its_entries(whole, large) -> None:
    assert "logits" not in large.stage("attention")
    kept, targets = (x.trajectory["targets"].dataset for x in (large, whole))
    assert "w_ov" not in kept
    queries = whole.trajectory.dataset["query_id"].values
    for run, matrix in enumerate(targets["w_kq"].values):
        found = np.zeros_like(matrix)
        entries = (kept[name].values[run] for name in ("w_kq_key", "w_kq_query", "w_kq"))
        for key, query, value in zip(*entries, strict=True):
            if key >= 0:
                found[key, queries[run].tolist().index(query)] = value
        np.testing.assert_array_equal(found, np.nan_to_num(matrix))


def test_the_notes_say_what_is_left_out(large) -> None:
    log = (Path(large.path) / "log.txt").read_text()
    assert "W*_ov and the frozen logits, of a closed form, are not recorded; W*_kq is" in log


def test_the_page_draws_the_target_from_its_entries(whole, large) -> None:
    drawn = [attention(record, 0) for record in (whole, large)]
    targets = [view["scores"]["target"] for view in drawn if view]
    assert targets[0] == targets[1]
