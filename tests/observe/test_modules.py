"""Observables of the user's: what the record has no place for is told in a line, before a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.job import Hooks
from ntp_dynamics.observe.hooks import make_hooks
from ntp_dynamics.observe.modules import load_additions
from ntp_dynamics.observe.observable import Observable, observable
from ntp_dynamics.studies.next_token import STUDY
from ntp_dynamics.studies.next_token.observables.weights import norm_kq
from ntp_dynamics.study import Outline


def loaded(modules: Sequence[str], observables: Sequence[Any] = ()) -> list[Observable]:
    stages = [Outline(stage, 20) for stage in STUDY.stages]
    return load_additions(STUDY, stages, modules, observables).observables


GOOD = """
from ntp_dynamics import observable

@observable("attention", long_name="path length once more")
def lens(state, reference):
    return state.path_length
"""
MODULES = {
    "no observable": ("x = 1\n", "holds no observable"),
    "an error": ("raise ValueError('no')\n", "fails: ValueError: no"),
    "an error without a text": ("raise ValueError\n", "fails: ValueError"),
    "an error of two lines": ("raise ValueError('a\\nb')\n", "fails: ValueError: a"),
    "an error that cannot be told": (
        "class E(Exception):\n    def __str__(self): raise self\nraise E()\n",
        "fails: E",
    ),
    "a syntax error": ("def broken(:\n", "fails: SyntaxError"),
    "a null byte": ("x = '\0'\n", "fails: "),
    "a bad byte": (b"x = '\xff'\n", "fails: SyntaxError"),
    "a name that is taken": (GOOD.replace("lens", "norm_kq"), "the name 'norm_kq' is taken"),
    "a name of the frozen logits": (GOOD.replace("lens", "logits"), "the name 'logits' is taken"),
    "a name of an axis": (GOOD.replace("lens", "query"), "'query' is the name of an axis"),
    "a name of a clock": (GOOD.replace("lens", "step_x"), "the name 'step_x' is that of a clock"),
    "a name that is none": (GOOD.replace('"attention",', '"attention", name="a/b",'), "'a/b' is"),
    "two of one name": (
        GOOD + "\none = lens\n" + GOOD.replace('once more"', 'again"'),
        "the name 'lens' is taken",
    ),
    "an import that does not exist": ("import no_such_module\n", "cannot be imported: No module"),
    "an import error without a text": ("raise ImportError\n", "cannot be imported: ImportError"),
    "an exit": ("import sys\nsys.exit(3)\n", "fails: SystemExit: 3"),
    "a silent exit": ("raise SystemExit\n", "fails: SystemExit"),
    "an error that is no Exception": (
        "class Stop(BaseException): pass\nraise Stop('now')\n",
        "fails: Stop: now",
    ),
    "an unknown stage": (
        GOOD.replace('"attention"', '"atention"'),
        "there is no phase 'atention'",
    ),
}


@pytest.mark.parametrize(("text", "what"), MODULES.values(), ids=MODULES)
def test_a_module_that_cannot_be_used_is_one_line(
    text: str | bytes, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ntp.UserError) as caught:
        ntp.train(["experiment=smoke", "hooks.modules=[bad.py]"], tmp_path / "a")
    assert caught.value.where == "hooks.modules"
    assert what in caught.value.what
    assert str(caught.value).splitlines() == [str(caught.value)]
    assert caught.value.remedy
    assert not (tmp_path / "a").exists()


def measured(state: Any, reference: Any) -> Any:
    return state.path_length


OBSERVABLES: dict[str, tuple[Callable[[], Any], str]] = {
    "axes that are a text": (
        lambda: observable(long_name="x", dims="sentence")(measured),  # type: ignore[arg-type]
        "dims is 'sentence', no tuple",
    ),
    "the axis of the runs": (
        lambda: observable(long_name="x", dims=("run", "key"))(measured),
        "dims has 'run'",
    ),
    "a clock as an axis": (
        lambda: observable(long_name="x", dims=("step",))(measured),
        "dims has 'step'",
    ),
    "an axis twice": (
        lambda: observable(long_name="x", dims=("key", "key"))(measured),
        "dims has 'key'",
    ),
    "an axis without a name": (
        lambda: observable(long_name="x", dims=("a b",))(measured),
        "dims has 'a b'",
    ),
    "a unit that is a number": (
        lambda: observable(long_name="x", units=1)(measured),  # type: ignore[arg-type]
        "is no text",
    ),
    "a function": (lambda: measured, "is not an observable"),
}


@pytest.mark.parametrize(("make", "what"), OBSERVABLES.values(), ids=OBSERVABLES)
def test_an_observable_that_no_record_can_hold_is_one_line(
    make: Callable[[], Any], what: str
) -> None:
    with pytest.raises(ntp.UserError) as caught:
        loaded([], [make()])
    assert what in caught.value.what
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("schedule", [lambda step: 1 // (step - 7), 5])
def test_a_schedule_that_breaks_is_one_line(schedule: Any) -> None:
    mine = observable(long_name="x", schedule=schedule)(measured)
    with pytest.raises(ntp.UserError, match=r"measured \(test_modules\.py\): its schedule raises"):
        make_hooks(Hooks(), Outline("attention", 20), [mine])


def test_an_observable_of_two_names_or_two_modules_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A module may print, and a built-in one may stand in it."""
    text = f"from {norm_kq.measure.__module__} import norm_kq\nprint('hello')\n"
    (tmp_path / "one.py").write_text(text + GOOD + "\nagain = lens\n")
    path = str(tmp_path / "one.py")
    (found,) = loaded([path, path])
    assert found.name == "lens"
    assert capsys.readouterr().out == "hello\n"
    assert loaded([path], [found]) == [found]
    assert norm_kq not in loaded([path])


def test_a_secret_in_the_error_of_a_module_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-word")
    (tmp_path / "bad.py").write_text("import os\nraise ValueError(os.environ['MY_TOKEN'])\n")
    with pytest.raises(ntp.UserError, match="fails: ValueError: <redacted>"):
        loaded([str(tmp_path / "bad.py")])
