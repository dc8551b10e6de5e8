"""What the lab asks of every study, found by name: a new one is asked the same for nothing.

The jobs are those that a study names itself (`Study.smoke`, `Study.smoke_more`).
"""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import ntp_dynamics as ntp
from benchmarks.cuts import Cut, equal, measured, ways
from ntp_dynamics import cli, studies
from ntp_dynamics.config.choices import Figures
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.draw.job import draw_job
from ntp_dynamics.draw.sheets import grid
from ntp_dynamics.observe.judgement import judge_claims, laws_of
from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.run.job import Surroundings, job_parts, run_job
from ntp_dynamics.run.parts import Ended, run_packed
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.study import Study
from ntp_dynamics.system.stops import Interrupt
from ntp_dynamics.verdict.claim import UNRATED
from tests.conftest import every_study
from tests.planted import ask, values

PLAIN = ("tracking=none", "figures=none")
NO_RECORD = {"config.yaml", "status.json", "log.txt", "MANIFEST.json"}


class Asked(NamedTuple):
    """A study, its smoke job (tracked and drawn), and that made ready without these."""

    study: Study
    overrides: list[str]
    record: ntp.Record
    job: PreparedJob

    @property
    def claims(self) -> Sequence[Any]:
        """Those that the job is held against."""
        return self.study.claims_of(self.job.config)


@pytest.fixture(scope="module", params=every_study())
def asked(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    a_place: Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]],
    studies_of_the_docs: Callable[[], AbstractContextManager[None]],
) -> Iterator[Asked]:
    here = tmp_path_factory.mktemp(request.param)
    with studies_of_the_docs(), a_place(here):
        study = studies.find(request.param)
        overrides = [f"study={study.name}", *study.smoke]
        record = ntp.train([*overrides, "tracking=wandb", "figures=auto"], here / "record")
        job = prepare(read_config(compose_job([*overrides, *PLAIN])))
        yield Asked(study, overrides, record, job)


@pytest.fixture(scope="module")
def records(asked: Asked) -> list[ntp.Record]:
    """Of jobs in which, together, every claim applies."""
    more = [[f"study={asked.study.name}", *one, *PLAIN] for one in asked.study.smoke_more]
    beside = asked.record.path.parent
    return [asked.record, *(ntp.train(o, beside / f"more{i}") for i, o in enumerate(more))]


def record_bytes(directory: Path) -> dict[str, bytes]:
    """Of what a job found; how it ran, and figures, are no part of it."""
    files = json.loads((directory / "MANIFEST.json").read_text())["files"]
    return {name: (directory / name).read_bytes() for name in {*files} - NO_RECORD}


def test_equal_jobs_give_equal_bytes_alone_tracked_drawn_and_in_a_pack(
    asked: Asked, tmp_path: Path
) -> None:
    ended: dict[int, Ended[Any]] = {}
    configs = [
        read_config(compose_job([*asked.overrides, *PLAIN, *more])) for more in (["seed=1"], [])
    ]
    interrupt = Interrupt()
    around = Surroundings(figures=False, interrupting=lambda: nullcontext(interrupt))
    parts = [
        lambda i=i, c=config: job_parts(c, tmp_path / str(i), around)
        for i, config in enumerate(configs)
    ]
    run_packed(parts, 2, interrupt, ended.__setitem__)
    assert [ended[i].error for i in range(2)] == [None] * 2
    assert record_bytes(tmp_path / "1") == record_bytes(asked.record.path)
    assert record_bytes(tmp_path / "0") != record_bytes(tmp_path / "1")


def test_cut_anywhere_and_resumed_each_phase_goes_on_to_equal_bytes(asked: Asked) -> None:
    rng = np.random.default_rng(0)
    for way in ways(asked.job):
        whole = measured(way, Cut.none(way.horizon))
        for _ in range(3):
            cut = Cut.draw(way.horizon, rng)
            assert equal(whole, measured(way, cut)) == [], cut


class After(Interrupt):
    """Asks to stop when it has been looked at so often."""

    def __init__(self, looks: int):
        self.left, self.said = looks, "SIGTERM"

    @property
    def requested(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_job_that_is_stopped_again_and_again_leaves_equal_bytes(
    asked: Asked, tmp_path: Path
) -> None:
    config = read_config(compose_job([*asked.overrides, *PLAIN]))
    places, looks = [], 1
    while not (tmp_path / "MANIFEST.json").exists():
        around = Surroundings(
            figures=False,
            resume=True,
            interrupting=lambda n=looks: nullcontext(After(n)),
        )
        with suppress(KeyboardInterrupt):
            run_job(config, tmp_path, around)
        status = json.loads((tmp_path / "status.json").read_text())
        places.append(status["reached"])
        looks *= 3
    assert record_bytes(tmp_path) == record_bytes(asked.record.path)
    assert len(places) > 1
    ends = {o.name: o.horizon for o in asked.study.outline(config)}
    assert places[0] != places[-1] == ends
    assert not (tmp_path / "checkpoints").exists()
    assert "goes on from step" in (tmp_path / "log.txt").read_text()


def test_a_run_does_not_depend_on_the_runs_beside_it(asked: Asked, tmp_path: Path) -> None:
    """Up to the rounding of sums that are as long as the longest of all runs."""
    given, many = [*asked.overrides, *PLAIN], asked.record
    one = ntp.train([*given, "runs=1"], tmp_path / "one")
    if many.config.runs == 1:
        many = ntp.train([*given, "runs=2"], tmp_path / "two")
    for phase in one.phases:
        for name, alone in one.stage(phase).data_vars.items():
            together = many.stage(phase)[name]
            if "run" in alone.dims:
                part = {d: slice(0, n) for d, n in alone.sizes.items()}
                np.testing.assert_allclose(
                    together.isel(part), alone, rtol=1e-9, atol=1e-15, err_msg=str(name)
                )


def test_every_observable_is_described_and_recorded(records: list[ntp.Record]) -> None:
    study = records[0].study
    seen: set[tuple[str, str]] = set()
    for record in records:
        lengths = prepare(record.config).problem.axes
        for phase in record.phases:
            stage = record.stage(phase)
            for o in (o for o in study.observables_of(record.config) if o.measured_in(phase)):
                variable = stage[o.name]
                if not np.isnan(variable).all():
                    seen.add((o.name, phase))
                assert all(variable.attrs[name] for name in ("units", "long_name", "source"))
                assert variable.dims[0] == "run"
                assert variable.dims[2:] == o.dims
                for axis in o.dims:
                    assert axis in stage.coords or axis in lengths, f"{o.name}: {axis}"
    phases = {phase for record in records for phase in record.phases}
    every = {(o.name, phase) for o in study.observables for phase in phases if o.measured_in(phase)}
    assert every - seen == set(), "it is nan in all jobs"
    assert {o.name for o in study.observables} == {name for name, _ in seen}


def test_every_claim_applies_in_one_of_the_jobs_and_none_is_invalid(
    records: list[ntp.Record],
) -> None:
    applied = {
        (v["id"], v["version"]) for r in records for v in r.verdicts if v["gate"] != "inapplicable"
    }
    judged = [c for c in records[0].study.claims if UNRATED not in c.preconditions]
    assert {(c.id, c.version) for c in judged} == applied
    assert "invalid" not in {v["label"] for r in records for v in r.verdicts}


def test_every_claim_is_contradicted_by_runs_against_its_law_and_not_by_runs_on_it(
    records: list[ntp.Record],
) -> None:
    broken = set()
    for record in records:
        readings = Readings(record.trajectory)
        for claim in filter(_tested, record.study.claims_of(record.config)):
            if claim.stage not in record.phases or not readings.holds(claim):
                continue
            t, _ = readings.placed(claim, record.constants)
            law = ask(claim, record.constants, t, record.config.runs)
            if law.law is None:
                continue
            on, against = (
                claim.judge(law.t, y, record.constants, values=y)
                for y in (values(law, wrong=False), values(law, wrong=True))
            )
            assert on.label != "contradicted", f"{claim.id} ({claim.version}): {on.sentence}"
            assert against.label == "contradicted", f"{claim.id}: {against.sentence}"
            broken.add((claim.id, claim.version))
    every = [c for c in records[0].study.claims if _tested(c)]
    assert broken == {(c.id, c.version) for c in every}


def _tested(claim: Any) -> bool:
    """Whether made runs can break a claim: of a mean 32 runs would tell (the tests of a study have
    them), and a limit without a rate is not judged."""
    return claim.about == "run" and UNRATED not in claim.preconditions


def test_laws_read_back_from_the_record_draw_the_curves_that_were_judged(asked: Asked) -> None:
    record = ntp.load_run(asked.record.path)
    judged = laws_of(judge_claims(record.trajectory, record.constants, asked.claims))
    assert [law.key for law in record.laws] == [law.key for law in judged]
    for written, made in zip(record.laws, judged, strict=True):
        assert written.to_json() == made.to_json()
        if made.law is not None and made.t is not None:
            assert written.law is not None
            at = made.t + made.offset
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(
                    np.broadcast_to(written.law.log_f(at), (made.covered.sum(), at.size)),
                    np.broadcast_to(made.law.log_f(at), (made.covered.sum(), at.size)),
                )


def test_every_view_is_plain_json(asked: Asked) -> None:
    for view in asked.study.views:
        assert view.script.is_file()
        for run in range(asked.record.config.runs):
            json.dumps(view.show(asked.record, run), allow_nan=False)


def test_every_sheet_is_drawn(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job drew its own; here, without files, those of every claim too."""
    drawn = {path.name for path in (asked.record.path / "figures").iterdir()}
    assert {"panels.png", "panels.pdf"} <= drawn
    names: set[str] = set()

    def draw(drawings: Any, stem: Path, size: Any, title: str) -> None:
        names.add(stem.name)
        if f"{stem.name}.pdf" not in drawn:
            with own_style():
                grid(drawings, 3, size, title).draw_without_rendering()

    monkeypatch.setattr("ntp_dynamics.draw.sheets.save_grid", draw)
    record, residual = asked.record, asked.study.residual
    judged = judge_claims(record.trajectory, record.constants, asked.claims, residual)
    given = asked.study, record.trajectory, record.inputs, judged, record.path
    assert draw_job(*given, Figures.all, "all") == []
    apply = {
        j.claim.id for j in judged if j.verdict.gate != "inapplicable" and not j.claim.timeless
    }
    assert apply <= names | {name.rpartition(".")[0] for name in names}


def test_the_page_of_the_job_is_plain_json_without_a_problem(asked: Asked) -> None:
    (job,) = scan(asked.record.path).jobs.values()
    view = job_view(job, read(job), run=asked.record.config.runs - 1)
    json.dumps(view, allow_nan=False)
    assert (view["problem"], view["state"]) == ("", "done")
    assert len(view["cards"]) == len(asked.claims)
    assert {panel["stage"] for panel in view["panels"]} == set(asked.record.phases)


def test_the_record_is_read_back_equal_and_judged_again_alike(asked: Asked, capsys: Any) -> None:
    loaded = ntp.load_run(asked.record.path)
    assert loaded.config == asked.record.config
    assert loaded.inputs == asked.record.inputs
    assert loaded.trajectory.identical(asked.record.trajectory)
    assert loaded.verdicts == asked.record.verdicts
    cli.show([str(asked.record.path), "--judge", "--json"])
    assert json.loads(capsys.readouterr().out)["claims"] == loaded.verdicts


def test_what_a_job_returns_to_a_sweeper_is_a_number(asked: Asked) -> None:
    assert type(asked.record.returned) is float
    assert math.isfinite(asked.record.returned) or asked.study.returns is None


def test_an_interrupted_job_says_so_and_keeps_what_it_recorded(
    asked: Asked, tmp_path: Path
) -> None:
    first = asked.study.outline(asked.job.config)[0]
    at, runs = max(1, first.horizon // 2), asked.job.config.runs

    @ntp.observable(first.name, long_name="Ctrl-C in the middle", schedule=lambda step: step == at)
    def ctrl_c(state: Any, reference: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return np.zeros(runs)

    with pytest.raises(KeyboardInterrupt):
        ntp.train([*asked.overrides, *PLAIN], tmp_path / "cut", observables=[ctrl_c])
    cut = ntp.load_run(tmp_path / "cut")
    assert cut.status["state"] == "interrupted"
    assert not (tmp_path / "cut/MANIFEST.json").exists()
    assert cut.phases == [first.name]
    part, whole = cut.stage(first.name), asked.record.stage(first.name)
    kept = part.sizes[first.clock]
    assert 0 < kept < whole.sizes[first.clock]
    for name in (o.name for o in asked.study.observables if o.name in part and not o.dims):
        clock = str(whole[name].dims[1])
        recorded = whole[name].isel({clock: slice(0, part.sizes[clock])})
        np.testing.assert_array_equal(part[name].values, recorded.values, err_msg=name)
