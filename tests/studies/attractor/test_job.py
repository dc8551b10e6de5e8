"""Jobs of the study as the command runs them: records, bytes, resumption, what a sweeper is told.

What their verdicts are is in `test_claims.py` (a third of the neurons, shorter times, fewer runs).
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.record.record import load_run
from ntp_dynamics.report.review import judge_again
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.studies import find

STUDY = find("attractor")
SMOKE = ["experiment=attractor/smoke", "tracking=none", "figures=none"]
TORUS = [
    "study=attractor",
    "tracking=none",
    "figures=none",
    "phases=[critical,spectrum,path,diffusion]",
    "runs=2",
    "network.dimension=2",
    "network.neurons=12",
    "critical.duration=2",
    "spectrum.neurons=12",
    "spectrum.iterations=30",
    "path.duration=2",
    "diffusion.neurons=12",
    "diffusion.window=1",
    "diffusion.duration=4",
    "diffusion.walkers=9",
]
JOBS = pytest.mark.parametrize("job", [SMOKE, TORUS], ids=["ring", "torus"])


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return ntp.train(SMOKE, tmp_path_factory.mktemp("record") / "job")


@pytest.fixture(scope="module")
def torus(tmp_path_factory):
    return ntp.train(TORUS, tmp_path_factory.mktemp("torus") / "job")


def test_every_observable_of_the_study_is_recorded_and_described(record, torus):
    for observable in STUDY.observables:
        for phase in observable.phases:
            made = record if phase in record.phases else torus
            variable = made.stage(phase)[observable.name]
            assert variable.dims[2:] == observable.dims
            assert variable.attrs["long_name"]
            assert np.isfinite(variable.values[:, -1]).any()


def test_a_record_is_judged_again_alike_and_tells_a_sweeper_its_diffusivity(record):
    again = load_run(record.path)
    assert judge_again(again) == again.verdicts
    rate = record.stage("diffusion")["diffusivity"].values[:, -1]
    assert again.returned == pytest.approx(np.median(rate))


def test_jobs_are_the_same_to_the_byte_whatever_the_threads(record, torus, tmp_path):
    """This process has one, as the command gives itself."""
    script = "import sys, ntp_dynamics as ntp\nfor i, job in enumerate(eval(sys.argv[2])):\n"
    script += "    ntp.train(job, f'{sys.argv[1]}/{i}')"
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", script, str(tmp_path), repr([SMOKE, TORUS])]
    subprocess.run(command, env=environment, check=True)
    assert bytes_of(tmp_path / "0") == bytes_of(record.path)
    assert bytes_of(tmp_path / "1") == bytes_of(torus.path)


@JOBS
def test_runs_do_not_depend_on_the_runs_beside_them(job, tmp_path):
    two, five = (ntp.train([*job, f"runs={n}"], tmp_path / str(n)) for n in (2, 5))
    for phase in two.phases:
        for name, values in two.stage(phase).data_vars.items():
            assert np.array_equal(values, five.stage(phase)[name][:2], equal_nan=True), name


@JOBS
def test_phases_that_are_saved_and_loaded_anywhere_end_alike(job):
    made = prepare(read_config(compose_job(job)))
    for phase in made.phases:
        horizon = phase.outline.horizon
        straight = phase.start({})
        straight.advance(horizon, np.array([], dtype=int))
        for cut in (1, horizon // 3, horizon - 1):
            first, second = phase.start({}), phase.start({})
            first.advance(cut, np.array([], dtype=int))
            second.load(first.save())
            second.advance(horizon, np.array([], dtype=int))
            for name, value in straight.save().items():
                assert np.array_equal(value, second.save()[name], equal_nan=True), (phase, name)


def bytes_of(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.glob("*.nc")}
