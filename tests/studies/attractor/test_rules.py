"""What a configuration can get wrong, a line each; ranges of single fields."""

from dataclasses import fields, is_dataclass, replace
from typing import get_type_hints

import pytest
from omegaconf import MISSING
from pydantic import TypeAdapter, ValidationError

from ntp_dynamics.studies.attractor import config as options
from ntp_dynamics.studies.attractor.config import (
    AttractorConfig,
    Claims,
    Diffusion,
    Network,
    Path,
    PathKind,
    PhaseName,
    Sweep,
)
from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.paths import read
from ntp_dynamics.studies.attractor.rules import mistakes, warnings
from ntp_dynamics.system.errors import UserError

CASES = [
    (
        AttractorConfig(network=Network(w_over_wc=0.95)),
        "w_over_wc: 0.95 <= 1; no bump exists (use 1.02 or more, or experiment=attractor/critical)",
    ),
    (
        AttractorConfig(network=Network(a=70.0)),
        "width a: 70 > 60; the bump wraps the ring, Gaussian claims do not apply "
        "(set claims=numeric)",
    ),
    (
        AttractorConfig(network=Network(neurons=6)),
        "neurons: 6; a/dx = 0.67 < 0.85, the bump is pinned; use >= 12",
    ),
    (
        AttractorConfig(network=Network(gain=1.3, g_v=20.0)),
        "gain: speed loop 2 g_v w_sv w_vs = 1.27 > w_tot 1.07 makes w_r negative; "
        "lower gain or g_v",
    ),
    (
        AttractorConfig(network=Network(tau_v=0.01), phases=[PhaseName.rest]),
        "dt: 0.2 > 2.5 tau_v = 0.025; RK4 unstable; use a smaller step",
    ),
    (
        AttractorConfig(sweep=Sweep(tau_v=[0.01, 1.0])),
        "sweep.dt: 0.05 > 2.5 tau_v = 0.025; RK4 unstable; use a smaller step",
    ),
    (
        AttractorConfig(network=Network(g_v=1800.0, delta=4000.0)),
        "speed: |v| sample step 216 deg > 180; the decoder cannot unwrap (use a smaller dt)",
    ),
    (
        AttractorConfig(network=Network(lattice=Lattice.hexagonal)),
        "lattice: hexagonal is of a torus; lattice=hexagonal needs dimension=2",
    ),
    (
        AttractorConfig(network=Network(dimension=2, neurons=20)),
        "phases: rest, sweep, disorder, pinning are of a ring; "
        "choose among critical, spectrum, path, diffusion",
    ),
    (
        AttractorConfig(network=Network(dimension=2, neurons=1024), phases=[PhaseName.path]),
        "neurons: 1024 a side make 1,048,576; use 128 or fewer",
    ),
    (
        AttractorConfig(path=Path(kind=PathKind.file)),
        "path.file: kind=file needs one; name a csv with columns t and v",
    ),
    (
        AttractorConfig(path=Path(file="x.csv")),
        "path.file: kind=sinusoid reads no file; use path.kind=file",
    ),
]


def test_the_default_is_no_mistake():
    assert mistakes(AttractorConfig()) == []
    assert warnings(AttractorConfig()) == []


@pytest.mark.parametrize(("config", "line"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_a_mistake_is_one_line(config, line):
    assert line in [str(error) for error in mistakes(config)]


def test_what_is_allowed_beside_a_mistake():
    only = {"phases": [PhaseName.critical]}
    assert not mistakes(AttractorConfig(network=Network(w_over_wc=0.95), **only))
    wide = AttractorConfig(network=Network(a=70.0), claims=Claims.numeric)
    assert not [e for e in mistakes(wide) if e.where == "width a"]
    assert not mistakes(AttractorConfig(network=Network(tau_v=0.01), **only))


def test_large_noise_is_told_and_not_refused():
    config = AttractorConfig(diffusion=Diffusion(sigma=0.3))
    assert warnings(config) == ["noise: 0.3 U; small-noise claims inapplicable"]
    assert mistakes(config) == []
    assert warnings(replace(config, phases=[PhaseName.rest])) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("t,w\n0,1\n", "path: column v missing in walk.csv; add columns t and v"),
        ("v\n1\n", "path: column t missing in walk.csv; add columns t and v"),
        ("", "path: column t missing in walk.csv; add columns t and v"),
        ("t,v\n0,1\n1,x\n", "path: walk.csv holds what is no number; mend t and v"),
        ("t,v\n0,1\n1\n", "path: walk.csv holds what is no number; mend t and v"),
        ("t,v\n1,1\n0,1\n", "path: times of walk.csv do not increase, or are not finite; sort"),
        ("t,v\n0,nan\n", "path: times of walk.csv do not increase, or are not finite; sort"),
        (None, "path: walk.csv: No such file or directory; name a csv with columns t and v"),
    ],
)
def test_a_path_of_no_use_is_one_line(text, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "walk.csv").write_text(text)
    with pytest.raises(UserError) as error:
        read("walk.csv")
    assert str(error.value).startswith(line)


def test_every_field_is_checked_by_its_range_and_defaults_pass():
    wrong = {"neurons": 3, "a": 0.0, "speeds": [], "runs": 0, "dimension": 3, "tau_v": [0.0]}
    wrong |= {"walkers": 0, "k": float("nan"), "seed": -1, "gain": -0.1, "eps": [-1.0]}
    seen = set()
    for kind in (getattr(options, name) for name in dir(options)):
        if not is_dataclass(kind):
            continue
        hints, made = get_type_hints(kind, include_extras=True), kind()
        for field in fields(kind):
            if getattr(made, field.name) == MISSING:  # chosen by a group, not by a default
                continue
            adapter = TypeAdapter(hints[field.name])
            adapter.validate_python(getattr(made, field.name))
            if field.name in wrong:
                seen.add(field.name)
                with pytest.raises(ValidationError):
                    adapter.validate_python(wrong[field.name])
    assert seen == set(wrong)
