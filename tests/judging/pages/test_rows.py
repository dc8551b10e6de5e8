"""Rows for a README and for a paper: one a claim, and no text becomes markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ntp_dynamics.judging.pages.rows import latex, markdown
from tests.judging.pages.made import EVIL, hostile, kinds, some_fail


def test_a_row_says_claim_law_runs_verdict_and_numbers() -> None:
    head, rule, row = markdown(some_fail()).splitlines()
    assert head == "| claim | law | runs kept | verdict | numbers |"
    assert set(rule) == set("| -")
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert cells[1:4] == ["O(t^-1)", "18 of 20", "contradicted"]
    assert "not by run 11" in cells[4]
    assert cells[4].endswith("to step 100,000")


def test_several_claims_are_a_row_each() -> None:
    every = list(kinds().values())
    assert len(markdown(*every).splitlines()) == len(every) + 2
    assert latex(*every).count(r" \\" + "\n") == len(every) + 1


def test_no_name_becomes_markup_in_markdown() -> None:
    markdown_it = pytest.importorskip("markdown_it")
    row = markdown(hostile())
    made = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(row)
    assert made.count("<td>") == 5
    tags = set(re.findall(r"</?(\w+)", made))
    assert tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&quot;q&quot;" in made


def test_every_cell_of_latex_has_its_special_characters_escaped() -> None:
    row = latex(hostile()).split("\\hline\n")[2]
    said = re.sub(r"\\text(backslash|asciicircum|asciitilde)\{\}|\\texttt\{\\char34\}", "", row)
    said = re.sub(r"\\[_%#$&{}]|\\\(.\\\)|\\`\{\}|\{[-'\[]+\}|\\\\\n", "", said)
    assert re.findall(r"[\\_%#$^~{}]", said) == []
    assert said.count("&") == 4
    assert "U+FFFD" in row
    assert "\u202e" not in row


LATIN = "".join(chr(c) for c in [*range(0x20, 0x7F), *range(0xA1, 0x180)]) + "→Ωα中Ж\u2013—\u0301"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_latex_compiles_whatever_stands_in_it(tmp_path: Path) -> None:
    one = kinds()["kept"]
    odd = replace(one, statement=replace(one.statement, text=LATIN, source=EVIL))
    rows = latex(odd, *kinds().values())
    text = f"\\documentclass{{article}}\\begin{{document}}\n{rows}\\end{{document}}\n"
    (tmp_path / "x.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout[-600:]


def test_letters_of_other_languages_stay_where_latex_has_them() -> None:
    one = kinds()["kept"]
    said = replace(one, statement=replace(one.statement, text="Gödel, Erdős, Łoś, naïve, 中"))
    assert r"G\"{o}del, Erd\H{o}s, \L{}o\'{s}, na\"{\i }ve, {[}U+4E2D]" in latex(said)


def test_a_bracket_that_begins_a_row_is_no_argument_of_the_line_before() -> None:
    one = kinds()["kept"]
    said = replace(one, statement=replace(one.statement, text="[9] shows it"))
    assert "\n{[}9] shows it & " in latex(said)
