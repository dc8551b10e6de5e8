"""Certificates: what they prove holds at every later step, an independent reader agrees, a number
that was moved is found, and where there is no proof the record says why."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import iv

import ntp_dynamics as ntp
from ntp_dynamics.report.review import judge_again
from ntp_dynamics.studies.next_token import certificates
from ntp_dynamics.studies.next_token.problem import know
from ntp_dynamics.studies.next_token.theory.certified import Bounds, certify
from ntp_dynamics.studies.next_token.theory.continuation import Refused, Rule, stand
from ntp_dynamics.studies.next_token.theory.exponentials import exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval
from tests.studies.next_token.continuation_checker import check, check_record, read_corpus

QUIET = ["tracking=none", "figures=none", "runs=4", "train.attention.steps=3000"]
EXACT = ["train.margin=9.23"]
SHAPES = {
    "realizable": ["train.attention.step_size=1"],
    "prefix_closed": ["dataset=prefix_closed", *EXACT, "train.attention.step_size=0.1"],
    "sparse": ["dataset=sparse", *EXACT, "train.attention.step_size=0.1"],
    "chain": ["dataset=chain", *EXACT, "train.attention.step_size=0.1"],
    "unequal": ["dataset.weights=powers", "dataset.decades=2", *EXACT],
}
FILE = Path("certificates/continuation.json")
ROUNDING = 1e-9
"""Of the run, which takes its steps in double precision while the proof is of exact ones."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ntp.Record]:
    place = tmp_path_factory.mktemp("certificates")
    return {name: ntp.train([*QUIET, *told], place / name) for name, told in SHAPES.items()}


def issued(record: ntp.Record) -> list[tuple[int, dict[str, Any]]]:
    """(run, certificate) of a record."""
    assert record.certificates is not None
    return [(x["run"], c) for x in record.certificates["runs"] for c in x["certificates"]]


def state_of(record: ntp.Record, run: int, step: int) -> tuple[np.ndarray, list[int]]:
    queries = [q for q in record.trajectory["query_id"].values[run].tolist() if q >= 0]
    scores = record.stage("attention")["scores"].sel(checkpoint=step).values[run]
    return scores[:, : len(queries)], queries


@pytest.mark.parametrize("shape", SHAPES)
def test_every_later_recorded_step_is_inside(records: Mapping[str, Any], shape: str) -> None:
    data = records[shape].stage("attention")
    steps = data["step"].values
    found = issued(records[shape])
    assert {run for run, _ in found} == {0, 1, 2, 3}
    for run, certificate in found:
        bounds = Bounds.of(certificate["bounds"])
        later = steps >= certificate["step"]
        n = (steps[later] - certificate["step"]).astype(float)
        for name, proved in (
            ("norm_kq", bounds.norm_at(n)),
            ("log_excess_loss", bounds.log_excess_at(n)),
            ("direction_gap_kq", bounds.gap_at(n)),
        ):
            y = data[name].values[run, later]
            room = ROUNDING * abs(y)
            assert (proved.low <= y + room).all(), (run, name)
            assert (y - room <= proved.high).all(), (run, name)
            assert (proved.low < proved.high).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_holds_for_ever_holds_at_later_states(records: Mapping[str, Any], shape: str) -> None:
    """KL(q*|q_t), the leak and the part along W*, with the multipliers of the certificate."""
    record = records[shape]
    known = know(record.config, record.corpora)
    eta = record.config.train.attention.step_size
    leaks = record.stage("attention")["log_leak"]
    for run, certificate in issued(record):
        target = known.targets[run].attention
        e = exponentials(record.corpora[run], known.recognitions[run].collocation, target)
        closed, bounds = certificate["closed"], certificate["bounds"]
        for step in record.stage("attention")["checkpoint"].values.tolist():
            if step < certificate["step"]:
                continue
            n = step - certificate["step"]
            s = stand(e, *state_of(record, run, step))
            assert s.divergence.low <= closed["divergence"]  # the closest q* is no further away
            assert bounds["along"][0] + eta * n <= s.along.high
            leak = float(leaks.sel(step=step).values[run])
            assert leak <= np.log(closed["leak"]) - n * bounds["fall"][0] + 1e-9


def test_the_part_across_stays_where_it_is_proved_to_stay(records: Mapping[str, Any]) -> None:
    held = [x for r in records.values() for _, x in issued(r) if x["bounds"]["held"]]
    assert len(held) >= 8
    # A constant: 1 - cos lies within a factor of (high / low)^2 of t^-2 for ever.
    assert min(x["bounds"]["held"][1] - x["bounds"]["held"][0] for x in held) < 2.0
    forced = records["sparse"].trajectory["targets"]["forced_zero"].values
    for run, certificate in issued(records["sparse"]):
        assert (certificate["bounds"]["held"] is None) or forced[run] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_an_independent_program_accepts_them(records: Mapping[str, Any], shape: str) -> None:
    found = list(check_record(records[shape].path))
    assert len(found) == len(issued(records[shape])) >= 4
    assert [wrong for *_, wrong in found if wrong] == []


def test_the_checker_is_short_and_uses_no_code_of_the_package() -> None:
    text = Path(check.__code__.co_filename).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert "ntp_dynamics" not in text


def moves(certificate: Mapping[str, Any]) -> list[tuple[list[Any], Any]]:
    """(where, new value) of every number of a certificate, moved so that what it says is too much.

    An upper bound becomes lower and a lower bound higher.  Those that rest on themselves were
    taken 2 % larger than needed (`continuation.ROOM`) and are moved by a tenth.
    """
    found: list[tuple[list[Any], Any]] = [
        (["closed", name], 0.9 * x) for name, x in certificate["closed"].items()
    ]
    if certificate["drift"]:
        found += [(["drift", name], 0.9 * x) for name, x in certificate["drift"].items()]
    found.append((["bounds", "growth"], certificate["bounds"]["growth"] * (1 - 1e-6)))
    found.append((["step_size"], certificate["step_size"] * (1 + 1e-6)))
    pairs = {("bounds", k): v for k, v in certificate["bounds"].items() if isinstance(v, list)}
    for where, (low, high) in {**pairs, ("margin",): certificate["margin"]}.items():
        found.append(([*where, 0], low + 1e-6 * abs(low)))
        found.append(([*where, 1], high - 1e-6 * abs(high)))
    for relation, share in certificate["shares"].items():
        top, _, bottom = share.partition("/")
        found.append((["shares", relation], f"{int(top) + 1}/{bottom or 1}"))
    return found


def test_a_hundred_of_a_hundred_tampered_certificates_are_found(
    records: Mapping[str, Any],
) -> None:
    rng = np.random.default_rng(0)
    every = []
    for shape in ("realizable", "prefix_closed", "sparse", "chain"):
        record = records[shape]
        for run, certificate in issued(record)[:3]:
            corpus = read_corpus(record.path / f"corpora/{run:03d}.jsonl")
            scores, queries = state_of(record, run, certificate["step"])
            rows = enumerate(scores.tolist())
            at = {(t, q): row[i] for t, row in rows for i, q in enumerate(queries)}
            margin = certificate["margin"]
            told = corpus, at, record.config.train.attention.step_size, margin
            moved = moves(certificate)
            kinds = [m for m in moved if m[0][0] != "shares"] + moved[-2:]
            every += [(certificate, told, m) for m in kinds]
    chosen = rng.choice(len(every), 100, replace=False)
    kinds = {"/".join(map(str, every[i][2][0][:2])) for i in chosen}
    assert len(kinds) > 15
    missed = []
    for i in chosen.tolist():
        certificate, (corpus, at, eta, margin), (where, value) = every[i]
        tampered = copy.deepcopy(certificate)
        place = tampered
        for key in where[:-1]:
            place = place[key]
        assert place[where[-1]] != value
        place[where[-1]] = value

        if not check(tampered, corpus, at, eta, iv.mpf(margin)):
            missed.append((where, value))
    assert missed == []


def reasons(record: ntp.Record) -> set[str]:
    assert record.certificates is not None
    assert issued(record) == []
    return {x["refused"] for x in record.certificates["runs"]}


SMALL = ["experiment=smoke", "tracking=none", "figures=none", "train.attention.steps=200"]
REFUSED = {
    "optimizer=gd": "the optimiser is not normalised gradient descent",
    "optimizer.momentum=0.5": "momentum 0.5 is no part of the paper's rule",
    "batch.size=3": "a minibatch of 3 of different sentences is no part of the paper's rule",
    "init=gaussian": "training does not start from zero",
    "embedding=gaussian": "the embeddings are not orthonormal",
    "engine=autograd": "automatic differentiation loses the gradient where the leak is small",
    "hooks=light": "no scores were recorded",
    "train.attention.step_size=50": "the step size is not below eta_c = 2 / (||W*_kq|| lambda_max",
    "train.attention.step_size=5": "the step size 5 is too large for this state: above 0.",
    "train.attention.step_size=0.01": "it is too early: the leak is bounded by ",
    "runs=1 dataset=file dataset.path='${corpus:cycle}'": "the corpus is not realizable",
    "runs=1 dataset=file dataset.path='${corpus:non_injective}'": "two tokens share a continuation",
    "runs=1 dataset=file dataset.path='${corpus:pit_1000}'": "heavier sentences alone drive",
}


@pytest.mark.parametrize("asked", REFUSED)
def test_where_there_is_no_proof_the_record_says_why(asked: str, tmp_path: Path) -> None:
    record = ntp.train([*SMALL, *asked.split(), "certify=always"], tmp_path / "job")
    assert all(why.startswith(REFUSED[asked]) for why in reasons(record))
    assert all(why.splitlines() == [why] for why in reasons(record))
    assert not any(claim.get("proved") for claim in record.verdicts)
    log = (record.path / "log.txt").read_text(encoding="utf-8")
    assert "nothing proved of later steps" in log


def test_nothing_is_written_where_it_is_not_asked_for_or_takes_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [*SMALL, "train.attention.steps=300", "train.attention.step_size=1"]
    proved = ntp.train(told, tmp_path / "auto")
    assert issued(proved)
    assert ntp.train([*told, "certify=never"], tmp_path / "never").certificates is None
    again = ntp.train(told, tmp_path / "again")
    assert (proved.path / FILE).read_bytes() == (again.path / FILE).read_bytes()
    found = know(proved.config, proved.corpora).recognitions
    states = proved.stage("attention").sizes["checkpoint"]
    operations = states * sum(len(x.relations.query) for x in found)
    monkeypatch.setattr(certificates, "MOST", operations)
    assert issued(ntp.train(told, tmp_path / "just"))
    monkeypatch.setattr(certificates, "MOST", operations - 1)
    assert ntp.train(told, tmp_path / "more").certificates is None
    assert issued(ntp.train([*told, "certify=always"], tmp_path / "always"))


def test_a_trapped_state_proves_nothing_by_itself(tmp_path: Path) -> None:
    """Whatever the hypotheses say: while a sentence is wrong its leak is too large for a proof."""
    told = ["dataset=file", "runs=1", "train.margin=3", "train.attention.step_size=0.05"]
    asked = 0
    for name in ("pit_100", "pit_1000", "edge_1000", "trap_1000000"):
        path = f"dataset.path='${{corpus:{name}}}'"
        job = [*SMALL, *told, path, "train.attention.steps=20000"]
        record = ntp.train(job, tmp_path / name)
        known = know(record.config, record.corpora)
        collocation, target = known.recognitions[0].collocation, known.targets[0].attention
        e = exponentials(record.corpora[0], collocation, target)
        data = record.stage("attention")
        for step in data["checkpoint"].values.tolist():
            wrong = float(data["accuracy_unweighted"].sel(step=step).values[0]) < 1
            with pytest.raises(Refused, match=r"too early|too large|no multipliers"):
                certify(e, *state_of(record, 0, step), Rule(0.05, Interval.exactly(3.0)))
            asked += wrong
    assert asked > 40


def test_a_proof_is_told_wherever_verdicts_are(
    records: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    record = ntp.load_run(records["sparse"].path)
    claims = {claim["id"]: claim for claim in record.verdicts}
    norm, direction = claims["kq.norm.sharp"], claims["kq.direction.sharp"]
    assert norm["proved"] == record.since["kq.norm.sharp"]
    first = max(norm["proved"])
    assert f"proved from step {first} on" in norm["summary"]
    assert f"proved from step {first} on" in norm["sentence"]
    assert norm["label"] in ("holds", "tight")
    assert "proved" not in direction  # of a relation that is forced to zero
    again = {claim["id"]: claim for claim in judge_again(record)}
    assert again["kq.norm.sharp"] == norm
    table = ntp.load_sweep(record.path.parent)
    row = table[table["path"] == str(record.path)].iloc[0]
    assert (row["kq.norm.sharp.proved"], row["kq.norm.sharp.proved_from"]) == (4, first)
    assert str(FILE) in json.loads((record.path / "MANIFEST.json").read_text())["files"]


def test_a_margin_that_no_float_is_the_exponential_of_is_none_the_less_certified(
    tmp_path: Path,
) -> None:
    told = ["tracking=none", "figures=none", "runs=2", "train.margin=5000", "certify=always"]
    record = ntp.train([*told, "train.attention.steps=1000"], tmp_path / "wide")
    assert {run for run, _ in issued(record)} == {0, 1}
    assert [wrong for *_, wrong in check_record(record.path) if wrong] == []
    for run, certificate in issued(record):
        n = np.array([1000.0 - certificate["step"]])
        proved = Bounds.of(certificate["bounds"]).log_excess_at(n)
        y = float(record.stage("attention")["log_excess_loss"].values[run, -1])
        assert y < -4000
        assert proved.low[0] <= y <= proved.high[0]
