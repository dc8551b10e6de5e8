"""The figures of a job: what they show, and that neither data nor environment makes them fail."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import ntp_dynamics as ntp
from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.draw.job import draw_sweep
from ntp_dynamics.draw.panels import panels
from ntp_dynamics.draw.sheets import grid
from ntp_dynamics.record.store import read_json
from ntp_dynamics.report.show import show
from ntp_dynamics.studies.next_token.figure2 import figure2
from ntp_dynamics.studies.next_token.panels import attention_panels

SHORT = ["tracking=none", "train.feed_forward.steps=10", "train.attention.steps=20"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    """The experiment of the paper's Figure 2, shorter, with no picture yet."""
    short = ["runs=2", *SHORT, "figures=none"]
    return ntp.train(["experiment=figure2", *short], tmp_path_factory.mktemp("paper") / "job")


def test_figure_2_is_six_panels_on_linear_axes_from_step_0_to_the_last(paper: ntp.Record) -> None:
    six = figure2(paper.trajectory, paper.corpora)
    with own_style():
        axes = grid(six, 3, (4.0, 3.1)).axes
        assert [ax.get_title(loc="left")[:3] for ax in axes] == [f"({x})" for x in "abcdef"]
        for ax, steps in zip(axes, [10] * 3 + [20] * 3, strict=True):
            assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")
            assert ax.get_xlim() == (0, steps)
            (median,) = ax.lines
            assert np.isfinite(median.get_ydata()).all()
            legend = ax.get_legend()
            assert legend is not None
            assert [x.get_text() for x in legend.get_texts()] == ["median of 2 runs"]
    loss, cos, norm, total, _, _ = (np.median(panel.y, axis=0) for panel in six)
    assert loss[0] == pytest.approx(np.log(20), abs=0.1)  # a mean over tokens
    assert norm[0] == pytest.approx(1.1)
    assert -0.3 < cos[0] < 0.3 < cos[-1] < 1
    samples = np.median([corpus.size for corpus in paper.corpora])
    mean = np.exp(np.median(paper.stage("attention")["log_loss"].values[:, 0]))
    assert total[0] == pytest.approx(samples * mean, rel=0.1)  # a sum over samples


def test_no_panel_is_empty_and_no_name_in_a_legend_is_without_a_line(paper: ntp.Record) -> None:
    """Without equal margins there is no excess loss, and the loss takes its place."""
    drawn = panels(paper.trajectory, paper.phases, paper.laws)
    assert [panel.title[:8] for panel in drawn][4] == "$L$: los"
    with own_style():
        for ax in grid(drawn, 3, (4.0, 3.1)).axes:
            assert [text.get_text() for text in ax.texts] == []
            named = {line.get_label() for line in ax.lines if np.isfinite(line.get_ydata()).any()}
            legend = ax.get_legend()
            assert legend is not None
            assert {text.get_text() for text in legend.get_texts()} <= named


def test_a_joint_stage_has_panels_too(tmp_path: Path) -> None:
    joint = ["train.stages=[joint]", "train.joint.steps=10", "figures=none", "tracking=none"]
    record = ntp.train(["experiment=smoke", *joint], tmp_path / "job")
    assert len(panels(record.trajectory, record.phases, record.laws)) == 5
    assert figure2(record.trajectory, record.corpora) == []


NAMES = ["$x$", r"$\frac{", "a_b^c\\", "漢字かな", "\u0939\u093f", "😀", "x" * 500, "%#&~"]


def test_tokens_are_drawn_as_they_are_called(tmp_path: Path) -> None:
    """Warnings are errors here."""
    singles = [([name], NAMES[(i + 1) % len(NAMES)]) for i, name in enumerate(NAMES)]
    longer = [(NAMES[::-1], NAMES[1]), ([*NAMES[2:5], NAMES[1]], NAMES[2])]
    lines = [json.dumps({"tokens": tokens, "next": label}) for tokens, label in singles + longer]
    (tmp_path / "c.jsonl").write_text("\n".join(lines) + "\n")
    overrides = ["dataset=file", f"dataset.path={tmp_path / 'c.jsonl'}", "runs=1", "figures=none"]
    record = ntp.train([*overrides, *SHORT], tmp_path / "job")
    drawings = attention_panels(record.trajectory, record.corpora[0], 0)
    with own_style():
        figure = grid(drawings, 3, (4.3, 2.5))
        figure.savefig(BytesIO(), format="png")
        said = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert {r"$\frac{", "a_b^c\\", "$x$ (query)"} <= {*said}
    assert len(max(said, key=len)) == 20


def test_figures_that_fail_are_one_line_in_notes_and_log_and_the_record_is_sealed(
    tmp_path: Path,
) -> None:
    job = tmp_path / "job"
    job.mkdir()
    (job / "figures").write_text("a file where the folder should be")
    record = ntp.train(["experiment=smoke", "runs=1", *SHORT, "figures=auto"], job)
    loaded = ntp.load_run(job)  # checks every file
    assert loaded.status["state"] == "done"
    assert loaded.verdicts == record.verdicts
    (note,) = loaded.status["notes"]
    assert note.startswith("figures not drawn (")
    assert note.endswith(": panels, attention")
    assert (job / "log.txt").read_text().count(note) == 1
    assert {"log.txt", "status.json"} <= set(read_json(job / "MANIFEST.json")["files"])
    terminal = StringIO()
    show(loaded, Console(file=terminal))
    assert terminal.getvalue().count(note) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_while_drawing_leaves_a_job_that_is_done_and_needs_no_figure(
    tmp_path: Path,
) -> None:
    job = tmp_path / "job"

    def press() -> None:
        while not (job / "figures/panels.png").exists():
            time.sleep(0.001)
        while not ended.is_set():  # one that hits a finaliser is lost: Python ignores it there
            signal.raise_signal(signal.SIGINT)
            ended.wait(0.5)

    ended = threading.Event()
    pressing = threading.Thread(target=press, daemon=True)
    pressing.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            ntp.train(["experiment=smoke", "runs=1", *SHORT, "figures=all"], job)
    finally:
        ended.set()
    pressing.join()
    gc.collect()  # a font that was being read is left open by the library that read it
    drawn = {path.name for path in (job / "figures").iterdir()}
    assert "panels.png" in drawn
    assert "kq.norm.sharp.pdf" not in drawn  # it was drawing
    assert not [name for name in drawn if name.endswith(".tmp")]
    assert ntp.load_run(job).status["state"] == "done"
    (job / "figures/panels.png").write_text("drawn by hand")
    assert ntp.load_run(job).verdicts


def test_an_overview_that_cannot_be_drawn_is_one_line_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "overview.png").mkdir()
    status = {"overrides": ["seed=0"], "labels": {"kq.norm": "holds"}}
    assert draw_sweep([status, status], tmp_path / "overview") == []
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("figures not drawn (IsADirectoryError: ")
    assert said.err.endswith(": overview\n")


DRAW = """
import sys
from pathlib import Path
import numpy as np
from ntp_dynamics.draw.sheets import save_grid
from ntp_dynamics.draw.panel import Panel
t = np.array([1.0, 10.0, 100.0])
save_grid([Panel("$L_0$", t, -t[None], formula=True)], Path(sys.argv[1]))
"""


def test_no_setting_of_the_user_reaches_a_figure(tmp_path: Path) -> None:
    """Settings that would not even let matplotlib be imported."""
    (tmp_path / "matplotlibrc").write_bytes(b"text.usetex: true\nfont.size: 30\n\xff\xfe: 1\n")
    environment = {**os.environ, "MPLBACKEND": "no such backend", "MPLCONFIGDIR": "/proc/nowhere"}
    package = str(Path(ntp.__file__).parent.parent)
    command = [sys.executable, "-W", "error", "-c", DRAW, str(tmp_path / "theirs")]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": package},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    exec(DRAW.replace("sys.argv[1]", repr(str(tmp_path / "ours"))), {})
    assert (tmp_path / "theirs.pdf").read_bytes() == (tmp_path / "ours.pdf").read_bytes()
