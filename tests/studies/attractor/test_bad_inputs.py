"""What a user can get wrong about this study is one line, and leaves nothing behind."""

from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.system.errors import each

MISTAKES = [
    (
        ["network.w_over_wc=0.95"],
        "w_over_wc: 0.95 <= 1; no bump exists (use 1.02 or more, or experiment=attractor/critical)",
    ),
    (
        ["network.a=70"],
        "width a: 70 > 60; the bump wraps the ring, Gaussian claims do not apply "
        "(set claims=numeric)",
    ),
    (["network.neurons=6"], "neurons: 6; a/dx = 0.67 < 0.85, the bump is pinned; use >= 12"),
    (
        ["network.gain=1.3", "network.g_v=20"],
        "gain: speed loop 2 g_v w_sv w_vs = 1.27 > w_tot 1.07 makes w_r negative; "
        "lower gain or g_v",
    ),
    (
        ["network.tau_v=0.01", "phases=[rest]"],
        "dt: 0.2 > 2.5 tau_v = 0.025; RK4 unstable; use a smaller step",
    ),
    (
        ["network.g_v=1750", "network.delta=4000"],
        "speed: |v| sample step 210 deg > 180; the decoder cannot unwrap (use a smaller dt)",
    ),
    (
        ["path.kind=file", "path.file=walk.csv"],
        "path: column v missing in walk.csv; add columns t and v",
    ),
    (
        ["network.lattice=hexagonal"],
        "lattice: hexagonal is of a torus; lattice=hexagonal needs dimension=2",
    ),
    (
        ["network.neurons=2"],
        "network.neurons: 2 is refused; it should be greater",
    ),
    (["network.width=20"], "network.width: unknown key; did you mean 'network.delta'?"),
    (["phases=[rest,walk]"], "phases[1]: invalid value 'walk'; expected one of [rest, critical"),
]


@pytest.mark.parametrize(("overrides", "line"), MISTAKES, ids=[line for _, line in MISTAKES])
def test_a_mistake_is_one_line_before_anything_is_written(overrides, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("walk.csv").write_text("t,w\n0,1\n")
    with pytest.raises((ntp.UserError, ntp.UserErrors)) as caught:
        check_inputs(read_config(compose_job(["study=attractor", "tracking=none", *overrides])))
    said = [str(error) for error in each(caught.value)]
    assert any(text.startswith(line) for text in said), said
    assert not any("\n" in text for text in said)
    assert [path.name for path in tmp_path.iterdir()] == ["walk.csv"]


def test_large_noise_is_a_note_on_the_job_and_its_claim_does_not_apply(tmp_path):
    smoke = ["experiment=attractor/smoke", "tracking=none", "figures=none"]
    noisy = [*smoke, "phases=[diffusion]", "diffusion.sigma=0.3"]
    record = ntp.train(noisy, tmp_path / "job")
    assert record.status["notes"] == ["noise: 0.3 U; small-noise claims inapplicable"]
    assert [v["label"] for v in record.verdicts] == ["does not apply"]
