"""The commands of docs/judge.md, typed as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics import cli

PAGE = (Path(__file__).parent.parent.parent / "docs/judge.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ntp-judge (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def place(
    a_place: Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]], tmp_path: Path
) -> Path:
    """A folder with the log of the page and a table of sizes; skipped where the command is not."""
    pytest.importorskip("ntp_dynamics.judging.command")
    with a_place(tmp_path):
        exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], {})
    k = 2 ** np.arange(11)
    table = np.stack([k, 1 + 0.38 * np.log(k)], axis=1)
    np.savetxt(tmp_path / "sizes.csv", table, delimiter=",", header="k,cost", comments="")
    (claims,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "claims.yaml").write_text(claims)
    return tmp_path


def code_of(command: str) -> int:
    """What `ntp-judge` exits with."""
    with pytest.raises(SystemExit) as stopped:
        cli.judge(shlex.split(command.partition(" > ")[0]))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_each_command_answers(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    first, sizes, with_json = COMMANDS
    assert code_of(first) == 0
    said = capsys.readouterr().out
    assert said.split() == re.findall(r"```\n(log\.csv: .*?)```", PAGE, re.DOTALL)[0].split()
    assert "<html" in (place / "claim.html").read_text(encoding="utf-8")
    assert code_of(sizes) in (1, 3)  # it is not bounded
    capsys.readouterr()
    assert code_of(with_json) == 0
    assert capsys.readouterr().out.startswith("{")


def test_the_claims_of_the_page_are_read_and_their_fields_are_all_there_are(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = pytest.importorskip("ntp_dynamics.judging.claim_file").FIELDS
    monkeypatch.chdir(place)
    assert code_of("log.csv --claim claims.yaml") == 0
    text = PAGE.partition("A claim has the fields ")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", text)) == set(fields)
