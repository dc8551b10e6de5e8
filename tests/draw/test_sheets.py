"""Grids of drawings as files, and what they cost where they cannot be drawn."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntp_dynamics.draw.evolution import MOST_NAMES, Evolution, Share
from ntp_dynamics.draw.overview import MOST_COLUMNS, VerdictMap
from ntp_dynamics.draw.panel import Panel
from ntp_dynamics.draw.sheets import Sheet, draw_sheets, save_grid
from ntp_dynamics.verdict.label import Label, Seen

T = np.array([1.0, 10.0, 100.0, 1000.0])


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def panel() -> Panel:
    return Panel("gap", T, np.stack([-2 * np.log(T), 1 - 2 * np.log(T)]))


def test_shares_are_named_at_their_ends_and_names_do_not_overlap(ax: Axes) -> None:
    shares = [
        Share("a", np.array([0.25, 0.5, 1.0, 1.0]), main=True),
        Share("b", np.array([0.25, 0.2, 0.0, 0.0])),
        Share("c", np.array([0.25, 0.2, 0.0, 0.0])),
        Share("d (query)", np.array([0.25, 0.1, 0.0, 0.0])),
    ]
    Evolution("a sentence", np.array([0.0, 1.0, 10.0, 100.0]), shares).draw(ax)
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c", "d (query)"]
    heights = sorted(text.xy[1] for text in ax.texts)  # type: ignore[attr-defined]
    assert min(np.diff(heights)) >= 0.0749
    assert ax.texts[0].get_fontweight() == "bold"


def test_of_many_shares_the_main_and_the_largest_are_named_beside_the_axes(ax: Axes) -> None:
    ends = np.linspace(0, 0.9, 40)
    shares = [Share(f"token {i}", np.array([0.0, end])) for i, end in enumerate(ends)]
    shares[3] = Share("main", np.array([0.0, ends[3]]), main=True)
    shares.append(Share("nowhere", np.array([np.nan, np.nan])))
    Evolution("a long sentence", np.array([0.0, 1.0]), shares).draw(ax)
    *named, more = ax.texts
    assert [text.get_text() for text in named[:2]] == ["main", "token 39"]
    assert (len(named), more.get_text()) == (MOST_NAMES, f"and {40 - MOST_NAMES} more below")
    heights = [text.xy[1] for text in named]  # type: ignore[attr-defined]
    assert 0 <= min(heights) <= max(heights) <= 1
    assert min(np.diff(sorted(heights))) >= 0.0749


def test_a_verdict_map_has_a_letter_in_every_cell_that_has_a_verdict(ax: Axes) -> None:
    labels = [["holds", None], ["contradicted", "does not apply"]]
    VerdictMap(["one", "two"], ["seed=0", "seed=1"], labels).draw(ax)
    assert sorted(text.get_text() for text in ax.texts) == ["-", "X", "h"]
    assert len(legend(ax)) == 3
    assert len({label.letter for label in Label}) == len(Label)


def test_what_is_observed_beyond_hypotheses_is_an_outline_and_no_label(ax: Axes) -> None:
    VerdictMap(["one"], ["seed=0", "seed=1"], [["holds", Seen.kept.mark]]).draw(ax)
    assert sorted(text.get_text() for text in ax.texts) == ["h", "k"]
    filled, outline = ax.patches
    assert filled.get_fill()
    assert filled.get_facecolor()[3] == 1
    assert outline.get_facecolor()[3] == 0
    assert outline.get_linestyle() == "--"
    assert legend(ax) == ["h  holds", "k  not covered: kept"]


def test_a_label_of_another_version_is_shown_under_its_name(ax: Axes) -> None:
    VerdictMap(["one"], ["seed=0", "seed=1"], [["holds", "12 of 20"]]).draw(ax)
    assert legend(ax) == ["h  holds", "·  12 of 20"]


def test_a_large_sweep_is_counted_and_the_one_contradiction_is_said(tmp_path: Path) -> None:
    jobs = 40 * MOST_COLUMNS
    labels = [["holds"] * jobs, ["tight"] * (jobs - 1) + ["contradicted"]]
    chart = VerdictMap(["one", "two"], [str(i) for i in range(jobs)], labels)
    ax = Figure().subplots()
    chart.draw(ax)
    assert [x.get_text() for x in ax.get_yticklabels()] == ["one", "two  (1 contradicted)"]
    assert sorted(legend(ax)) == ["contradicted: 1", "holds: 4,800", "tight: 4,799"]
    assert max(chart.size) < 20


def test_equal_figures_are_equal_bytes_whatever_others_have_set_and_leave_that_alone(
    tmp_path: Path,
) -> None:
    paths = save_grid([panel()], tmp_path / "a")
    assert [path.suffix for path in paths] == [".png", ".pdf"]
    theirs = {"text.usetex": True, "font.family": "cursive", "savefig.dpi": 10, "font.size": 30}
    with matplotlib.rc_context(theirs | {"backend": "svg"}):
        before = dict(matplotlib.rcParams)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda name: save_grid([panel()], tmp_path / name), "bc"))
        assert dict(matplotlib.rcParams) == before
    for name in "bc":
        assert (tmp_path / f"{name}.pdf").read_bytes() == (tmp_path / "a.pdf").read_bytes()


def test_a_sheet_that_cannot_be_drawn_is_a_line_and_the_others_are_drawn(tmp_path: Path) -> None:
    def broken() -> list[Panel]:
        raise ValueError("of no use\nat all")

    (tmp_path / "full.png").mkdir()
    sheets = [
        Sheet("one", broken),
        Sheet("full", lambda: [panel()]),
        Sheet("empty", lambda: []),
        Sheet("two", broken),
        Sheet("last", lambda: [panel()]),
    ]
    lines = draw_sheets(sheets, tmp_path)
    assert lines[0] == "figures not drawn (ValueError: of no use): one, two"
    assert lines[1].startswith("figures not drawn (IsADirectoryError: ")
    assert lines[1].endswith(": full")
    assert len(lines) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full.png", "last.pdf", "last.png"]


OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="this system does not list open files")
def test_ctrl_c_while_a_file_is_written_leaves_it_closed_and_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever keeps the exception would keep the file, until it is collected in another place."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("PIL.ImageFile._save", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        save_grid([panel()], tmp_path / "a")
    opened = {os.path.realpath(entry) for entry in OPEN_FILES.iterdir()}
    assert [name for name in opened if name.startswith(str(tmp_path.resolve()))] == []
    assert not list(tmp_path.glob(".*"))
    assert caught.value.__traceback__ is not None
