"""`ntp-corpus`, and the parts that `ntp-check` writes: what they make, say and refuse."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ntp_dynamics.studies.next_token import commands
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise

TEXT = """\
The cat saw the dog and the dog saw the cat. The dog and the cat saw a bird, and a bird saw them.
A bird is a bird! The cat is a cat and the dog is a dog.
"""
Run = Callable[..., tuple[str, str]]
Fail = Callable[..., list[str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


@pytest.fixture
def make(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ntp-corpus: (stdout, stderr)."""

    def run(*arguments: str) -> tuple[str, str]:
        commands.corpus(arguments)
        return capsys.readouterr()

    return run


@pytest.fixture
def refused(here: Path, capsys: pytest.CaptureFixture[str]) -> Fail:
    """Runs ntp-corpus where it must refuse before it writes; its lines."""

    def run(*arguments: str) -> list[str]:
        before = sorted(here.rglob("*"))
        with pytest.raises(SystemExit) as stopped:
            commands.corpus(arguments)
        out, err = capsys.readouterr()
        assert (stopped.value.code, out) == (2, ""), err
        assert sorted(here.rglob("*")) == before
        lines = err.splitlines()
        assert all(line.startswith("error: ") and "; " in line for line in lines), err
        return lines

    return run


def test_it_says_what_it_made(make: Run, here: Path) -> None:
    out, err = make("text.txt", "--vocabulary", "5", "--window", "2", "-o", "o.jsonl")
    assert out.splitlines() == [
        "text.txt: 40 words, 9 distinct",
        "vocabulary: 5, 70.00% of the words",
        "windows of 2 and what follows: 38; 28 cut for what is not in the vocabulary, "
        "10 are left (26.32%)",
        "samples: 9 distinct, weights counts",
    ]
    assert err == "written: o.jsonl\n"
    made = Corpus.read("o.jsonl")
    assert made == Corpus.from_text(Path("text.txt"), vocabulary=5, window=(2,))


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        ([], {}),
        (["--characters", "--window", "3"], {"unit": "characters", "window": (3,)}),
        (["--window", "1,4", "--weights", "uniform"], {"window": (1, 4), "weights": "uniform"}),
        (["--prefixes"], {"window": None}),
        (
            ["--lines", "--prefixes", "--keep-case"],
            {"lines": True, "window": None, "keep_case": True},
        ),
    ],
)
def test_options_are_the_fields_of_the_form(make: Run, arguments: list[str], form: dict) -> None:
    make("text.txt", *arguments, "-o", "o.jsonl")
    assert Corpus.read("o.jsonl") == Corpus.from_text(TEXT, **form)


def test_it_reads_standard_input_packed_files_ids_and_several(
    make: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(TEXT.encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(packed)))
    out, _ = make("-", "-o", "o.jsonl")
    assert out.startswith("standard input: 40 words")
    assert Corpus.read("o.jsonl") == Corpus.from_text(TEXT)
    (here / "ids.txt").write_text("0 1 2\n2 1 0 1\n")
    make("ids.txt", "--ids", "--window", "1", "-o", "o.jsonl")
    assert Corpus.read("o.jsonl").weight.sum() == 5
    out, _ = make("text.txt", "text.txt", "-o", "o.jsonl")
    assert out.startswith("2 files: 80 words")
    assert (Corpus.read("o.jsonl").weight == 2 * Corpus.from_text(TEXT).weight).all()


def test_a_part_is_written_with_its_reasons(make: Run, here: Path) -> None:
    asked = ["--window", "1,3", "--realizable-part", "part.jsonl", "--dropped", "dropped.jsonl"]
    out, err = make("text.txt", *asked, "--assumption1", "--assumption3")
    assert "Realizable part (assumption 1, assumption 3): " in out
    assert err == "written: part.jsonl\nwritten: dropped.jsonl\n"
    found = recognise(part := Corpus.read("part.jsonl"))
    assert found.assumption1
    assert not found.assumption3_violations
    lines = [json.loads(line) for line in Path("dropped.jsonl").read_text().splitlines()]
    whole = Corpus.from_text(TEXT, window=(1, 3))
    kept = {part.spell(i) for i in range(part.size)} & {whole.spell(i) for i in range(whole.size)}
    assert len(kept) + len(lines) == whole.size
    causes = {line["cause"] for line in lines}
    assert {"two continuations", "unreachable label"} <= causes
    for line in lines:
        if line["cause"] == "unreachable label":
            assert set(line["n"]) == set(line["tokens"])
            assert line["next"] not in line["n"].values()
        if line["cause"] == "two continuations":
            assert line["n"][line["tokens"][0]] != line["next"]


def test_what_is_proved_is_said_so(make: Run) -> None:
    asked = ["--window", "2", "--realizable-part", "part.jsonl"]
    out, _ = make("text.txt", *asked, "--prove", "100")
    assert "; no part is larger (proved)\n" in out
    out, _ = make("text.txt", "text.txt", "--window", "12", *asked[2:])  # 46 samples of 12
    assert "; no part has more than " in out


@pytest.fixture
def check(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            commands.check(arguments)
        return left.value.code, *capsys.readouterr()  # type: ignore[return-value]

    return run


def test_check_writes_the_part_and_answers_for_the_whole(
    make: Run, check: Callable[..., tuple[int, str, str]]
) -> None:
    make("text.txt", "--window", "2", "-o", "o.jsonl")
    asked = ["o.jsonl", "--realizable-part", "part.jsonl", "--collocation", "attested"]
    code, out, _ = check(*asked)
    assert code == 1
    assert "Realizable part (attested continuations): " in out
    code, out, _ = check(*asked, "--json")
    report = json.loads(out)
    part = report["realizable_part"]
    assert (code, report["realizable"]) == (1, False)
    assert {f["reason"] for f in report["failures"]} == {"missing collocation", "unreachable label"}
    assert 0 < part["greedy"] <= part["local_search"] <= part["weight"] <= part["bound"] <= 1
    assert part["added"] == part["added_attested"]
    dropped = part["dropped"].values()
    assert part["samples"] + sum(d["samples"] for d in dropped) == report["sentences"]
    assert part["weight"] + sum(d["weight"] for d in dropped) == pytest.approx(1.0, abs=1e-12)
    code, out, _ = check("part.jsonl", "--json")
    assert code == 0
    assert "realizable_part" not in json.loads(out)


REFUSED: dict[str, tuple[list[str], str]] = {
    "no file": ([], "ntp-corpus: the following arguments are required: file"),
    "nothing to write": (["text.txt"], "ntp-corpus: nothing is to be written; add -o OUT.jsonl"),
    "a missing file": (["none.txt", "-o", "o"], "none.txt: no such file or directory; give"),
    "a directory": ([".", "-o", "o"], ".: is a directory; give a readable file"),
    "an odd name": (["a\nb", "-o", "o"], r"a\nb: no such file or directory"),
    "two units": (["text.txt", "--ids", "--characters", "-o", "o"], "not allowed with argument"),
    "two cuts": (["text.txt", "--window", "2", "--prefixes", "-o", "o"], "not allowed with"),
    "a word for a window": (["text.txt", "--window", "two", "-o", "o"], "'two' is not a whole"),
    "a window of none": (["text.txt", "--window", "0", "-o", "o"], "window: 0 is out of range"),
    "a word for a size": (["text.txt", "--vocabulary", "x", "-o", "o"], "invalid int value: 'x'"),
    "a vocabulary of one": (["text.txt", "--vocabulary", "1", "-o", "o"], "vocabulary: 1 is out"),
    "weights": (["text.txt", "--weights", "x", "-o", "o"], "invalid choice: 'x'"),
    "a collocation": (["text.txt", "--collocation", "x", "-o", "o"], "invalid choice: 'x'"),
    "an unknown option": (["text.txt", "--frobnicate", "-o", "o"], "unrecognized arguments"),
    "onto itself": (["text.txt", "-o", "./text.txt"], "./text.txt: it is given twice; write to an"),
    "no such folder": (["text.txt", "-o", "x/o"], "x/o: its directory does not exist; make"),
    "a folder": (["text.txt", "-o", "."], ".: it is not the name of a file"),
    "an empty name": (["text.txt", "-o", ""], "output: it is not the name of a file"),
    "a demand on no part": (["text.txt", "-o", "o", "--assumption1"], "--assumption1: it is about"),
    "reasons of no part": (["text.txt", "-o", "o", "--dropped", "d"], "--dropped: it is about a"),
    "no time": (
        ["text.txt", "--realizable-part", "p", "--prove", "0"],
        "--prove: 0.0 is refused; give seconds > 0",
    ),
    "endless time": (["text.txt", "--realizable-part", "p", "--prove", "inf"], "--prove: inf is"),
    "words for ids": (["text.txt", "--ids", "-o", "o"], "text.txt:1: The is no id; number the"),
    "case of ids": (["text.txt", "--ids", "--keep-case", "-o", "o"], "--keep-case: ids have none"),
    "lines of ids": (["text.txt", "--ids", "--lines", "-o", "o"], "--lines: a row of ids is a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(name: str, refused: Fail) -> None:
    arguments, what = REFUSED[name]
    (line,) = refused(*arguments)
    assert what in line


def test_several_mistakes_are_a_line_each(refused: Fail) -> None:
    lines = refused("text.txt", "-o", "text.txt", "--assumption3", "--prove", "-1")
    assert [line.split(": ")[1] for line in lines] == [
        "text.txt",
        "--prove",
        "--assumption3",
        "--prove",
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "holds 0 distinct words"), (b"\xff", "is not UTF-8"), (b"\x1f\x8b\x08", "as gzip")],
)
def test_a_broken_text_is_one_line(content: bytes, what: str, here: Path, refused: Fail) -> None:
    (here / "broken.txt").write_bytes(content)
    (line,) = refused("broken.txt", "-o", "o.jsonl")
    assert line.startswith("error: broken.txt")
    assert what in line


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        commands.corpus(["--help"])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    for option in ("--vocabulary", "--prefixes", "--ids", "--realizable-part", "--prove"):
        assert option in out
    assert "  zcat *.gz | ntp-corpus - --characters --window 8 -o letters.jsonl\n" in out


def test_the_command_itself_reads_a_pipe(here: Path) -> None:
    code = "from ntp_dynamics.studies.next_token.commands import corpus; corpus()"
    command = [sys.executable, "-c", code, "-", "--window", "1", "-o", "o.jsonl"]
    done = subprocess.run(command, input=TEXT.encode(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"written: o.jsonl\n")
    assert Corpus.read("o.jsonl") == Corpus.from_text(TEXT, window=(1,))
    done = subprocess.run(command, input=b"\xff", capture_output=True, text=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input:1: byte 1 of the line is not UTF-8")
