"""The claim page: whole, without a network, and whatever is in it is text."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import platform
import re
import shlex
import socket
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.pages import data, html
from ntp_dynamics.judging.pages.facts import facts
from ntp_dynamics.judging.pages.html import page
from ntp_dynamics.judging.pages.picture import drawn
from ntp_dynamics.judging.pages.rows import latex, markdown
from ntp_dynamics.judging.pages.schema import from_json, to_json
from ntp_dynamics.system.errors import UserError
from tests.judging.pages.made import EVIL, T, judged, kinds, powers

HOST = "host-of-tests"
VOID = {"meta", "link", "br", "img"}


FOUR = [kinds()[name] for name in ("kept", "vacuous", "monotone", "short")]


@cache
def page_of(name: str) -> str:
    """The page of one kind."""
    return page(kinds()[name])


class Reader(HTMLParser):
    """The elements of a page, and the text outside of scripts and styles."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "": []}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open and self.open[-1] in self.inside else ""
        self.inside[where].append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.inside[""]).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


def embedded(text: str, number: int = 1) -> Any:
    """The JSON of a claim of a page."""
    found = re.search(rf'<script type="application/json" id="data-{number}">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("name", ["kept", "contradicted", "undecided", "vacuous", "monotone"])
def test_a_page_says_what_was_claimed_found_and_measured(name: str) -> None:
    one = kinds()[name]
    read = Reader(page_of(name))
    told = facts(one)
    for said in (
        told.title,
        told.sentence,
        str(told.label),
        told.command,
        *map(str, told.runs[0].name),
    ):
        assert " ".join(said.split()) in read.text
    for what, value in (*told.numbers, *told.declared):
        assert what in read.text
        assert value in read.text


def test_what_would_settle_a_question_is_on_the_page() -> None:
    one = kinds()["undecided"]
    asked = hold(one.statement, one.curve)
    assert asked.settle is not None
    said = Reader(page(asked)).text
    assert "What would settle it" in said
    assert asked.settle[1:] in said
    assert "settle it" not in page_of("undecided")


def test_a_page_loads_nothing_and_runs_only_the_script_it_names() -> None:
    text = page_of("contradicted")
    read = Reader(text)
    for tag, attrs in read.found:
        for name in ("src", "href", "xlink:href", "action", "srcset", "data"):
            assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, name)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    policy = next(m["content"] for m in read.all("meta") if m.get("http-equiv"))
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)


def test_names_and_texts_stay_text_wherever_they_stand() -> None:
    text = page_of("hostile")
    read = Reader(text)
    assert [a.get("type") for a in read.all("script")] == ["application/json", None]
    assert not [k for _, attrs in read.found for k in attrs if k.startswith("on")]
    shown = EVIL.replace("\u202e", "\ufffd").replace("\x07", "\ufffd")
    assert read.text.count(shown) >= 3  # title, source, name
    assert "\u202e" not in text
    assert "\x07" not in text
    assert embedded(text)["curve"]["runs"][0] == EVIL


def test_half_a_character_in_a_name_is_told_and_the_page_is_written() -> None:
    told = facts(judged("O(t^-1)", powers(1, 1.0), runs=["a\ud800b"]))
    assert told.runs[0].name == "a\\ud800b"


def test_names_of_elements_are_unique_on_a_page_of_several_claims() -> None:
    text = page(*FOUR)
    read = Reader(text)
    names = [attrs["id"] for _, attrs in read.found if "id" in attrs]
    assert len(set(names)) == len(names)
    meant = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    assert meant <= set(names)
    assert read.text.count("Again, and further") == 4
    assert [tag for tag, _ in read.found].count("h1") == 1


def test_the_figure_is_told_in_words() -> None:
    drawings = [a for a in Reader(page_of("contradicted")).all("div") if a.get("role") == "img"]
    assert "20 runs along step" in str(drawings[0]["aria-label"])
    assert "not by run 11" in str(drawings[0]["aria-label"])


def test_the_curves_are_in_the_page_as_csv() -> None:
    one = kinds()["not finite"]
    link = next(
        a for a in Reader(page_of("not finite")).all("a") if a.get("download") == "curve-1.csv"
    )
    body = base64.b64decode(unquote(str(link["href"])).split(",", 1)[1]).decode()
    head, *rows = csv.reader(io.StringIO(body))
    assert head == ["step", "0", "1", "2"]
    found = np.array(rows, dtype=float)
    np.testing.assert_array_equal(found[:, 0], T)
    np.testing.assert_array_equal(found[:, 1:].T, one.curve.y)


def test_the_json_of_a_page_is_read_back_as_the_same_judgement() -> None:
    one = kinds()["contradicted"]
    assert embedded(page_of("contradicted")) == json.loads(json.dumps(to_json(one)))
    assert from_json(embedded(page_of("contradicted"))).sentence == one.sentence


def test_of_a_long_curve_a_page_carries_a_part_and_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(data, "ROOM", 2000)
    t = np.arange(1.0, 20_001.0)
    one = judged("O(t^-1)", np.ones((2, t.size)) / t, t)
    text = page(one)
    found = from_json(embedded(text))
    assert 300 < found.curve.t.size <= 1000
    assert f"{found.curve.t.size:,} of 20,000 places are in this file; all were judged" in text
    assert found.sentence == one.sentence
    assert len(text) < 400_000


def outputs(one: Judged) -> list[str]:
    """All that is written of a judgement."""
    drawings = [drawn(one, kind).decode("latin-1") for kind in ("png", "svg", "pdf")]
    rows = [markdown(one), latex(one), json.dumps(to_json(one))]
    return [page(one), *drawings, *rows]


def test_nothing_names_the_user_the_machine_a_folder_or_the_time(
    tmp_path: Path, monkeypatch: Any
) -> None:
    from ntp_dynamics.curves.gather import Asked, read_curve

    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "user-of-tests")
    for module in (socket, platform):
        monkeypatch.setattr(module, "node" if module is platform else "gethostname", lambda: HOST)
    file = tmp_path / "log.csv"
    rows = "".join(f"{t:.0f},{y!r}\n" for t, y in zip(T, powers(1, 1.0)[0].tolist(), strict=True))
    file.write_text(f"step,loss\n{rows}")
    curve, _ = read_curve([file], Asked())
    one = hold(kinds()["kept"].statement, curve, settles=False)
    private = {str(tmp_path), str(Path.home()) + "/", str(Path(__file__).parents[3])}
    private |= {"user-of-tests", HOST, "/home/", "/tmp/", "CreationDate", "<dc:date>", "tIME"}
    for written in outputs(one):
        assert not [word for word in private if word in written]
    assert "read from log.csv" in facts(one).read


def test_the_command_on_the_page_answers_the_same_again(tmp_path: Path, capsys: Any) -> None:
    from ntp_dynamics.cli import judge

    y = powers(2, 0.5)
    head = "epoch,a,b,other\n"
    rows = [f"{t:.0f},{a!r},{b!r},1\n" for t, a, b in zip(T, *y.tolist(), strict=True)]
    (tmp_path / "my log.csv").write_text(head + "".join(rows))
    given = ["--law", "O(t^-1/2)", "--column", "[ab]", "--t", "epoch", "--constant", "1.25"]
    more = ["--start", "3", "--clock", "epochs", "--text", 'it\'s "so"', "--ceiling", "1e3"]

    def asked(words: list[str]) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            with pytest.raises(SystemExit):
                judge([*words, "--json", "--no-settle"])
        return json.loads(capsys.readouterr().out)

    first = asked(["my log.csv", *given, *more])
    command = shlex.split(facts(from_json(first)).command)
    assert command[0] == "ntp-judge"
    assert asked(command[1:]) == first


def test_a_declaration_that_t_is_a_size_is_in_the_command() -> None:
    one = kinds()["kept"]
    declared = replace(one, statement=replace(one.statement, transient=False))
    assert "--no-transient" in shlex.split(facts(declared).command)
    assert "no transient" in dict(facts(declared).declared)
    assert "--no-transient" not in facts(one).command


def test_a_curve_of_arrays_is_judged_again_in_python() -> None:
    one = replace(kinds()["broken"], curve=replace(kinds()["broken"].curve, reading=()))
    call = facts(one).command
    assert call.startswith("ntp.judge_curve(t, y, law='y <= 0.9 t^-1/2', start=10.0, ")
    from ntp_dynamics.judging.door import judge_curve

    again = eval(
        call, {"ntp": type("ntp", (), {"judge_curve": judge_curve}), "t": T, "y": one.curve.y}
    )
    assert again.sentence == one.sentence


def test_a_page_that_cannot_be_written_is_a_mistake_in_one_line(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(html, "page", lambda *_: page_of("kept"))
    html.save(tmp_path / "a.html", kinds()["kept"])
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page_of("kept")
    with pytest.raises(UserError, match="is a directory; choose another file"):
        html.save(tmp_path, kinds()["kept"])


def test_a_column_of_the_table_that_says_nothing_is_left_out() -> None:
    heads = {
        name: re.findall(r"<th class=n scope=col>([^<]+)", page_of(name))
        for name in ("kept", "monotone")
    }
    assert {"run", "exponent", "drift"} <= set(heads["kept"])
    assert "factor to spare" not in heads["kept"]
    assert not {"exponent", "drift", "constant needed"} & set(heads["monotone"])


def test_a_page_is_written_without_the_libraries_that_start_slowly() -> None:
    heavy = {"torch", "pandas", "xarray", "plotly", "pydantic", "wandb", "numba"}
    code = (
        "import sys; from tests.judging.pages.made import kinds; "
        "from ntp_dynamics.judging.pages.html import page; page(kinds()['short']); "
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_runs_that_fail_stand_first() -> None:
    names = re.findall(r"<td class=name>(seed_\d+)", page_of("contradicted"))
    assert names[:3] == ["seed_3", "seed_11", "seed_0"]
    assert len(names) == 20
