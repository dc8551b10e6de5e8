"""A logbook of trackio, written by trackio: offline, and nothing in it is markup of others."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from ntp_dynamics.judging.pages.facts import facts
from ntp_dynamics.judging.pages.logbook import plain, write
from ntp_dynamics.system.errors import UserError
from tests.judging.pages.made import hostile, kinds, some_fail

logbook: Any = pytest.importorskip("trackio.logbook", reason="trackio is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logbook of three claims, one of them judged twice; no connection is made."""
    folder = tmp_path_factory.mktemp("claims")

    def refused(*_: Any) -> None:
        raise AssertionError("a connection was asked for")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refused)
        write(folder, kinds()["kept"], some_fail(), hostile())
        return write(folder, kinds()["kept"])


def cells(book: Path, page: str) -> list[dict[str, Any]]:
    return [
        logbook.read_cell(book, cell["id"])
        for cell in logbook.read_page_outline(book, page)["cells"]
    ]


def test_a_claim_is_a_page_and_a_judgement_two_cells(book: Path) -> None:
    titles = [page["title"] for page in logbook.list_pages(book)]
    assert {"It falls.", "O(t^-1)"} <= set(titles)
    kinds_of = [cell["type"] for cell in cells(book, "It falls.")]
    assert kinds_of == ["markdown", "figure"] * 2


def test_a_cell_tells_what_was_found_of_which_runs(book: Path) -> None:
    said = json.dumps(cells(book, "O(t^-1)"), ensure_ascii=False)
    told = facts(some_fail())
    assert told.sentence in said
    assert "| 11 | seed_11 | contradicted |" in said
    (page,) = (book / "logbook" / "pages").glob("o-t-1/page.md")
    text = page.read_text(encoding="utf-8")
    assert "\n````html\n<style>" in text
    assert "\n````raw\nstep,seed_0,seed_1" in text


def test_names_are_no_markup_in_a_logbook(book: Path) -> None:
    pages = list((book / "logbook" / "pages").rglob("page.md"))
    (text,) = [
        p.read_text(encoding="utf-8") for p in pages if "bbbb" in p.read_text(encoding="utf-8")
    ]
    title = text.splitlines()[0]
    assert not re.search(r"[<>|`\[\]]", title)
    table = [line for line in text.splitlines() if line.startswith("| 0 |")]
    assert table[0].count("|") == 6
    assert "](" not in re.sub(r"(````|~~~).*?\n\1", "", text, flags=re.DOTALL)
    assert plain("`a` **b** | [x](javascript:1) https://x") == (
        "'a' * *b* * \N{BROKEN BAR} [x] (javascript:1) https: //x"
    )


def test_a_logbook_names_no_folder_and_no_machine(book: Path) -> None:
    private = {str(book.parent), str(Path.home()) + "/", socket.gethostname()}
    for path in book.rglob("*"):
        if path.suffix in (".json", ".md", ".html"):
            text = path.read_text(encoding="utf-8")
            assert not [word for word in private if word in text], path.name


def test_a_folder_that_is_not_there_is_a_mistake_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or directory; choose another folder"):
        write(tmp_path / "none", kinds()["kept"])


def test_without_trackio_it_is_said_how_to_install_it(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "trackio", None)
    with pytest.raises(UserError, match=r"trackio: it is not installed; pip install"):
        write(tmp_path, kinds()["kept"])
