"""Attention, its flow and its scores are those of the record, for the run that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.record.record import Record, load_run
from ntp_dynamics.studies import find
from ntp_dynamics.studies.next_token.views.attention import attention


@pytest.fixture(scope="module")
def record(records: Path) -> Record:
    return load_run(records / "small")


@pytest.fixture(scope="module")
def shown(record: Record) -> dict[str, Any]:
    told = attention(record, 1)
    assert told is not None
    return told


def test_attention_of_the_chosen_run_sums_to_one_and_names_roles(
    record: Record, shown: dict[str, Any]
) -> None:
    sentences = record.corpora[1].sentences
    assert len(shown["sentences"]) == sum(len(set(s)) > 1 for s in sentences)
    for sentence in shown["sentences"]:
        np.testing.assert_allclose(np.sum(sentence["mass"], axis=1), 1, atol=1e-3)
        tokens = sentence["tokens"]
        assert sum(token["query"] for token in tokens) == 1
        assert any(token["role"] == "optimal" for token in tokens)
    flow = np.array(list(shown["flow"].values()))
    np.testing.assert_allclose(flow.sum(axis=0), 1, atol=1e-4)
    assert shown["flow"]["optimal"][-1] > shown["flow"]["optimal"][0]


def test_the_scores_approach_their_target(record: Record, shown: dict[str, Any]) -> None:
    late, target = np.array(shown["scores"]["values"][-1]), np.array(shown["scores"]["target"])
    gap = record.stage("attention")["direction_gap_kq"].values[1, -1]
    assert 1 - late @ target == pytest.approx(gap, rel=0.05)


def test_a_corpus_with_a_cycle_has_no_target(records: Path) -> None:
    told = attention(load_run(records / "cycle"), 0)
    assert told is not None
    assert told["scores"]["target"] is None
    assert "confused" in told["flow"]


def test_every_view_is_plain_json_drawn_by_files_that_are_there(record: Record) -> None:
    views = find("next_token").views
    assert [view.name for view in views if view.page] == ["corpus"]
    for view in views:
        assert json.dumps(view.show(record, 0), allow_nan=False)
        for path in (*view.needs, view.script):
            assert path.is_file()
        assert f"ntp.views.{view.name} =" in view.script.read_text(encoding="utf-8")
