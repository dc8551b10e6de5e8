"""Sign descent, Adam and momentum against trajectories of another implementation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    NormalisedGradientDescent,
    Optimizer,
    SignDescent,
)
from ntp_dynamics.studies.next_token.model import token_space
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.observables.attention import log_leak
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.quantities import norm_of

PROBLEMS = json.loads((Path(__file__).parent / "golden.json").read_text())["problems"]
CASES = [(problem, case) for problem in PROBLEMS for case in problem["trajectories"]]
GOLDEN = {"score_margin": "min_gap", "norm_kq": "frobenius", "log_leak": "log_leak"}
LAST = 100
"""Step up to which they are compared here."""


def rule_of(name: str, settings: dict[str, float]) -> Optimizer:
    decay = settings.get("decay", 0.0)
    if name == "adam":
        return Adam(weight_decay=decay, beta2=settings["beta2"], epsilon=0.0)
    kind = SignDescent if name == "sign" else NormalisedGradientDescent
    return kind(weight_decay=decay, momentum=settings.get("beta", 0.0))


@pytest.mark.parametrize(
    ("problem", "case"),
    CASES,
    ids=[f"{p['name']}, {c['rule']} {c['settings']}" for p, c in CASES],
)
def test_rules_agree_with_an_implementation_of_their_own(
    problem: dict[str, Any], case: dict[str, Any]
) -> None:
    samples = [(s["tokens"], s["next"], s["weight"]) for s in problem["samples"]]
    corpus = Corpus.from_samples(samples, vocab_size=problem["vocab_size"])
    batch = pack([corpus], [recognise(corpus).collocation])
    assert batch.query_id.tolist() == [problem["queries"]]
    zero = token_space.zeros(1, batch.vocab_size, batch.n_queries)
    objective = AttentionObjective(batch, zero, exact_margin(problem["margin"], batch))
    rule = rule_of(case["rule"], case["settings"])
    descent = Descent(objective, make_rule(rule), [case["settings"]["eta"]], rule.weight_decay)
    column = {query: i for i, query in enumerate(problem["queries"])}
    for row in case["rows"]:
        if row["t"] > LAST:
            continue
        descent.advance(row["t"], NO_STEPS)
        state = descent.state()
        scores = state.layer.value[0].numpy()
        gaps = [scores[a, column[q]] - scores[b, column[q]] for a, b, q in problem["relations"]]
        assert min(gaps) == pytest.approx(row["min_gap"], rel=1e-11, abs=1e-12)
        assert norm_of(state.layer).item() == pytest.approx(row["frobenius"], rel=1e-11)
        leak = log_leak(state, None)
        assert leak.item() == pytest.approx(row["log_leak"], rel=1e-11, abs=1e-12)
        if row["S"] is not None:
            np.testing.assert_allclose(scores, row["S"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("problem", "case"),
    CASES,
    ids=[f"{p['name']}, {c['rule']} {c['settings']}" for p, c in CASES],
)
def test_jobs_by_the_kernels_record_the_same(
    problem: dict[str, Any], case: dict[str, Any], tmp_path: Path
) -> None:
    """Every golden step that is recorded, to the last of a thousand."""
    samples = [(s["tokens"], s["next"], s["weight"]) for s in problem["samples"]]
    Corpus.from_samples(samples, vocab_size=problem["vocab_size"]).write(tmp_path / "c.jsonl")
    settings = case["settings"]
    told = {"beta": "momentum", "decay": "weight_decay", "beta2": "beta2"}
    given = [f"optimizer.{told[key]}={x}" for key, x in settings.items() if key in told]
    record = ntp.train(
        [
            *("experiment=smoke", "tracking=none", "figures=none", "engine=numba", "runs=1"),
            *("dataset=file", f"dataset.path={tmp_path / 'c.jsonl'}", "embedding=standard"),
            *(f"train.margin={problem['margin']}", f"optimizer={case['rule']}", *given),
            *("train.attention.steps=1000", f"train.attention.step_size={settings['eta']}"),
            *(["optimizer.epsilon=0"] if case["rule"] == "adam" else []),
        ],
        tmp_path / "job",
    )
    data = record.stage("attention")
    rows = [row for row in case["rows"] if row["t"] in data["step"].values]
    assert {row["t"] for row in rows} >= {1, 2, 10, 1000}
    for name, column in GOLDEN.items():
        found = [data[name].sel(step=row["t"]).item() for row in rows]
        assert found == pytest.approx([row[column] for row in rows], rel=1e-10, abs=1e-12)
