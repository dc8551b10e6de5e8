"""Claims of the user's: from a module outside the package to every place where claims are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.draw.panels import panels

SMOKE = ["experiment=smoke", "runs=2", "tracking=none"]
EXAMPLE = re.findall(r"```python\n(.*?)```", Path("docs/hooks.md").read_text(), re.DOTALL)[2]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    """A job with the module that docs/hooks.md shows."""
    folder = tmp_path_factory.mktemp("claims")
    (folder / "lens.py").write_text(EXAMPLE)
    given = [*SMOKE, "figures=none", f"hooks.modules=[{folder}/lens.py]"]
    return ntp.train(given, folder / "job")


def test_the_example_takes_thirty_lines() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 30


def test_it_is_judged_beside_those_of_the_study(record: ntp.Record) -> None:
    (mine,) = [claim for claim in record.verdicts if claim["id"] == "my.entropy"]
    assert mine["source"] == "my notebook, Lemma 1"
    assert mine["label"] in ("holds", "tight", "faster", "inconclusive")
    assert mine["horizon"] == 500
    assert "my.entropy" in record.status["labels"]
    assert record.verdicts[-1] == mine, "the study's come first"


def test_it_is_drawn_and_stands_on_the_page(record: ntp.Record) -> None:
    drawn = panels(record.trajectory, record.phases, record.laws)
    (mine,) = [panel for panel in drawn if panel.title == "attention entropy"]
    assert np.isfinite(mine.log_y).all()
    (job,) = scan(record.path.parent).jobs.values()
    view = job_view(job, read(job))
    assert "my.entropy (text)" in [card["key"] for card in view["cards"]]
    (panel,) = [p for p in view["panels"] if p["key"] == "attention/attention_entropy"]
    assert panel["open"]
    assert panel["title"] == "attention entropy"


def test_it_is_judged_again_from_the_record(record: ntp.Record) -> None:
    from ntp_dynamics.report.review import judge_again

    assert json.dumps(judge_again(record)) == json.dumps(record.verdicts)


def claim(**changes: str) -> ntp.Claim:
    words = dict.fromkeys(("id", "statement", "source", "version"), "x")
    given = {"stage": "attention", "observable": "norm_kq", **words, **changes}
    return ntp.Claim(law=ntp.Law.linear_growth(0.1, 1.0), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mine", "what"),
    [
        (claim(stage="atention"), "claim x: there is no phase 'atention'"),
        (claim(observable="norm_qk"), "claim x: attention has no observable 'norm_qk'"),
        (claim(id="kq.norm", version="text"), "the claim kq.norm (text) is taken"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_one_line(
    mine: ntp.Claim, what: str, tmp_path: Path
) -> None:
    with pytest.raises(ntp.UserError) as caught:
        ntp.train([*SMOKE, "figures=none"], tmp_path / "job", claims=[mine])
    assert caught.value.what == what
    assert not (tmp_path / "job" / "trajectory.nc").exists()
