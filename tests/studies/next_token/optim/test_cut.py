"""Whatever moves a stage, it can be saved at any step and goes on elsewhere to equal bytes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cuts import Cut, Way, equal, measured, ways
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.studies.next_token.optim.choice import choose
from ntp_dynamics.study import Dynamics

TINY = [
    *("experiment=smoke", "tracking=none", "figures=none"),
    *("dataset.vocab_size=8", "dataset.queries=3", "dataset.sentences_per_query=2"),
    *("train.feed_forward.steps=60", "train.attention.steps=60", "train.joint.steps=60"),
]
JOINT = ["train.stages=[joint]"]
LINEAR = ["train.labels=soft", "train.head=log"]
RULES = {
    "ngd": [],
    "gd": ["optimizer=gd", "init=gaussian"],
    "polyak": ["optimizer=polyak"],
    "sign": ["optimizer=sign", "embedding=gaussian"],
    "adam": ["optimizer=adam"],
    "adam, joint": [*JOINT, "optimizer=adam", "init=gaussian"],
    "momentum": ["optimizer.momentum=0.9"],
    "decay": [
        *("optimizer=gd", "optimizer.momentum=0.5", "init=gaussian"),
        "optimizer.weight_decay=0.01",
    ],
    "adamw, joint": [*JOINT, "optimizer=adamw", "optimizer.epsilon=0", "init=gaussian"],
    "signum, decay": [
        *("optimizer=sign", "optimizer.momentum=0.9", "optimizer.weight_decay=1"),
        *("embedding=gaussian", "init=gaussian"),
    ],
    "any vectors": ["embedding=gaussian"],
    "joint": [*JOINT, "optimizer.norm=global"],
}
DYNAMICS = {
    "closed form, ngd": [],
    "closed form, gd": ["optimizer=gd"],
    "columns": ["init=gaussian"],
    "columns and dense kernel, gd": ["init=gaussian", "optimizer=gd"],
    "exact margin": ["train.margin=9.23"],
    "joint kernel": JOINT,
    "joint kernel, global norm": [*JOINT, "optimizer.norm=global", "init=gaussian"],
    "joint kernel, gd": [*JOINT, "optimizer=gd"],
    **{f"kernel, {name}": words for name, words in RULES.items()},
    **{f"tensors, {name}": ["engine=torch", *words] for name, words in RULES.items()},
    "kernel, momentum, decay, any vectors": [
        *("optimizer.momentum=0.9", "optimizer.weight_decay=0.01"),
        *("embedding=gaussian", "init=gaussian"),
    ],
    "joint kernel, adamw": [*JOINT, "optimizer=adamw", "optimizer.epsilon=0", "init=gaussian"],
    "autograd": ["engine=autograd", "precision=float32"],
    "autograd, joint": [*JOINT, "engine=autograd"],
    "shadow": ["shadow=true", "train.margin=9.23"],
    "softmax-linear, ngd": LINEAR,
    "softmax-linear, split": [*LINEAR, "optimizer=split_ngd"],
    "softmax-linear, polyak": [*LINEAR, "optimizer=polyak"],
    "softmax-linear, minibatches": [*LINEAR, "optimizer=gd", "batch.size=3"],
    "softmax-linear, tensors, ngd": ["engine=torch", *LINEAR],
    "softmax-linear, tensors, split": ["engine=torch", *LINEAR, "optimizer=split_ngd"],
}


def job_of(overrides: list[str]) -> PreparedJob:
    return prepare(read_config(compose_job([*TINY, *overrides])))


@pytest.mark.parametrize("kind", DYNAMICS)
def test_saved_at_any_step_it_goes_on_to_equal_bytes(kind: str) -> None:
    """Three cuts of every phase, about a hundred in all."""
    rng = np.random.default_rng(len(kind))
    for way in ways(job_of(DYNAMICS[kind])):
        whole = measured(way, Cut.none(way.horizon))
        for _ in range(3):
            again = measured(way, Cut.draw(way.horizon, rng))
            assert equal(whole, again) == []


class Forgetful:
    """A dynamics that leaves something out of what it saves."""

    def __init__(self, inner: Dynamics, left_out: str):
        self._inner, self._left_out = inner, left_out

    def __getattr__(self, name: str):
        return getattr(self._inner, name)

    def load(self, saved):
        kept = self._inner.save()[self._left_out]
        self._inner.load({**saved, self._left_out: kept})


@pytest.mark.parametrize(
    ("kind", "phase", "left_out"),
    [
        ("closed form, gd", 0, "height"),
        ("columns", 0, "iterate.lost"),
        ("columns", 0, "iterate.length"),
        ("exact margin", 0, "iterate.exponent"),
        ("exact margin", 0, "per_sentence.growth"),
        ("exact margin", 0, "per_sentence.odds_before"),
        ("kernel, adam", 1, "iterate.memory.first"),
        ("kernel, adam", 1, "iterate.memory.second"),
        ("kernel, adam", 1, "iterate.memory.taken"),
        ("kernel, momentum, decay, any vectors", 1, "iterate.memory.scale"),
        ("kernel, momentum, decay, any vectors", 1, "iterate.kept"),
        ("kernel, momentum, decay, any vectors", 0, "iterate.seen"),
        ("joint kernel, adamw", 0, "logits.memory.first"),
        ("joint kernel, adamw", 0, "scores.kept"),
        ("joint kernel", 0, "logits.lost"),
        ("joint kernel", 0, "length"),
        ("tensors, adam", 0, "rule.0"),
        ("tensors, adam", 1, "rule.2"),
        ("tensors, adam", 1, "rule.4"),
        ("tensors, momentum", 1, "rule.0"),
        ("tensors, momentum", 1, "rule.1"),
        ("tensors, decay", 0, "W_ov.kept"),
        ("tensors, ngd", 0, "W_ov.lost"),
        ("tensors, ngd", 1, "growth.least"),
        ("tensors, gd", 1, "growth.odds"),
        ("tensors, ngd", 1, "length.lost"),
        ("softmax-linear, ngd", 0, "iterate.moved"),
        ("softmax-linear, ngd", 1, "iterate.lost"),
        ("softmax-linear, ngd", 1, "iterate.length"),
        ("softmax-linear, tensors, ngd", 1, "W_kq.lost"),
    ],
)
def test_what_a_save_leaves_out_is_noticed(kind: str, phase: int, left_out: str) -> None:
    """The comparison above can fail, and each of these arrays is needed."""
    way = list(ways(job_of(DYNAMICS[kind])))[phase]
    last = np.array([way.horizon])
    whole = measured(way, Cut.none(way.horizon), last)
    forgets = Way(way.horizon, lambda: Forgetful(way.start(), left_out))
    assert any(equal(whole, measured(forgets, Cut((at,), (at,)), last)) for at in (2, 23, 59))


def test_a_save_of_another_phase_is_refused() -> None:
    small, large = (next(ways(job_of(["engine=torch", f"dataset.vocab_size={v}"]))) for v in (8, 9))
    with pytest.raises(ValueError, match="another phase"):
        large.start().load(small.start().save())


def test_every_array_of_a_save_has_the_runs_first() -> None:
    for kind in ("closed form, gd", "kernel, adam", "joint kernel", "tensors, adam"):
        job = job_of([*DYNAMICS[kind], "runs=3"])
        for way in ways(job):
            assert {len(x) for x in way.start().save().values()} == {3}, kind


@pytest.mark.parametrize(
    ("overrides", "words", "alone"),
    [
        ([], "numba, float64, log domain", False),
        (["engine=numba"], "numba, float64, log domain", False),
        (["engine=torch"], "torch, float64, log domain", True),
        (["engine=autograd"], "automatic differentiation, float64", True),
        (["optimizer=adam"], "numba, float64, log domain", False),
        (["optimizer.momentum=0.9"], "numba, float64, log domain", False),
        (["embedding=gaussian"], "numba, float64, log domain", False),
        (LINEAR, "numba, float64, log domain", False),
    ],
)
def test_the_choice_of_an_engine_says_why(overrides: list[str], words: str, alone: bool) -> None:
    job = job_of(overrides)
    assert choose(job.config).in_words == words
    assert {(p.engine, p.alone) for p in job.phases} == {(words, alone)}


def test_without_machine_code_tensors_move_it_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert "NUMBA_DISABLE_JIT switches the kernel off" in choose(job_of([]).config).in_words


def test_a_shadow_is_more_phases_by_automatic_differentiation() -> None:
    """It starts from its own stages, whatever moves the first."""
    planned = job_of(["shadow=true", "precision=float32"]).phases
    assert [p.outline.name for p in planned] == [
        "feed_forward",
        "attention",
        "shadow_feed_forward",
        "shadow_attention",
    ]
    assert [p.outline.shadow for p in planned] == ["", "", "feed_forward", "attention"]
    assert {p.engine for p in planned[2:]} == {"automatic differentiation, float32"}
