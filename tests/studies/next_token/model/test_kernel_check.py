"""Where numba is not what the kernels need, the torch path trains and says why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numba.core.typing.templates
import numba.extending
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.model import probe
from ntp_dynamics.studies.next_token.model.kernel_check import kernel_fault

SMALL = ["tracking=none", "figures=none", "runs=1", "train.attention.steps=5"]
SAYS = f"the kernel does not work with numba {numba.__version__}: "


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object, str], None]]:
    """A way to take a part of numba away, as if the kernels were imported for the first time."""

    def plant(module: object, name: str) -> None:
        monkeypatch.delattr(module, name)
        for known in [
            m for m in sys.modules if m.startswith("ntp_dynamics.studies.next_token.model.")
        ]:
            if known.rpartition(".")[2] in ("simd", "simd_math", "compiled", "probe"):
                monkeypatch.delitem(sys.modules, known)
        monkeypatch.delattr(sys.modules["ntp_dynamics.studies.next_token.model"], "probe")

    kernel_fault.cache_clear()
    yield plant
    kernel_fault.cache_clear()


def test_the_kernel_works_with_the_numba_that_is_installed() -> None:
    assert kernel_fault() is None
    assert probe.probe_error() < 1e-15


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (numba.core.typing.templates, "infer_global"),
        (numba.extending, "intrinsic"),
        (numba.extending, "lower_builtin"),
    ],
)
def test_a_part_that_numba_no_longer_has_is_named(planted, module: object, name: str) -> None:
    planted(module, name)
    fault = kernel_fault()
    assert fault is not None
    assert fault.startswith(SAYS)
    assert name in fault


def test_a_kernel_that_gives_a_wrong_number_is_not_used(
    planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_advance", lambda given: 0.0)
    assert kernel_fault() == f"{SAYS}a test of it is wrong by a share of 1.0e+00"


def test_a_job_trains_by_torch_and_its_log_says_why(planted, tmp_path: Path) -> None:
    planted(numba.core.typing.templates, "infer_global")
    record = ntp.train(SMALL, tmp_path / "auto")
    assert record.status["state"] == "done"
    assert f"; {SAYS}AttributeError: " in (record.path / "log.txt").read_text()


def test_asking_for_the_kernel_is_then_a_mistake_in_one_line(planted, tmp_path: Path) -> None:
    planted(numba.core.typing.templates, "infer_global")
    with pytest.raises(ntp.UserError, match="use engine=auto") as caught:
        ntp.train([*SMALL, "engine=numba"], tmp_path / "numba")
    assert str(caught.value).startswith(f"engine: {SAYS}")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "numba").exists()
