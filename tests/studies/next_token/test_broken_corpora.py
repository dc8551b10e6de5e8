"""Corpus files as other people's tools write them: refused in one line that blames the right place,
or read for what they mean; and what they hold never reaches a terminal unescaped."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import ntp_dynamics as ntp
from ntp_dynamics.launch.multirun import tell_failure
from ntp_dynamics.report.tables import Row, verdict_table
from ntp_dynamics.studies.next_token import commands
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.system.errors import UserError, escaped, short
from ntp_dynamics.system.log import JobLog

ENGINES = ["numba", "torch", "autograd"]
STEPS = ["train.feed_forward.steps=3", "train.attention.steps=3"]
QUIET = ["figures=none", "tracking=none", "runs=1", "dataset=file"]
MARK = "\ufeff".encode()
HOSTILE = "\x1b[2J\x1b]0;owned\x07\nerror: fake\r\u202e\x00\u2028" + "x" * 5000


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def sample(*tokens: object, to: object) -> dict[str, object]:
    return {"tokens": list(tokens), "next": to}


NUMBERS = [sample(0, to=1), sample(1, to=2), sample(2, to=0)]
NAMES = [sample("a", to="b"), sample("b", to="c"), sample("c", to="a")]
VOCAB = {"vocab": ["a", "b", "c"]}

REFUSED: dict[str, tuple[bytes, str]] = {
    # one key twice
    "'tokens' twice": (
        b'{"tokens": [0], "next": 1, "tokens": [1]}\n',
        ":1: key 'tokens' stands twice; remove one",
    ),
    "'weight' twice, deep in the file": (
        lines(*NUMBERS) + b'{"tokens": [0], "next": 1, "weight": 1, "weight": 2}\n',
        ":4: key 'weight' stands twice",
    ),
    "two vocabularies in one line": (
        b'{"vocab": ["a", "b"], "vocab": ["b", "a"]}\n' + lines(*NAMES),
        ":1: key 'vocab' stands twice",
    ),
    "a key twice in a token": (
        b'{"tokens": [{"a": 1, "a": 2}], "next": 1}\n',
        ":1: key 'a' stands twice",
    ),
    "a hostile key twice": (
        b'{"\\u001b[2J": 1, "\\u001b[2J": 2}\n',
        r":1: key '\x1b[2J' stands twice",
    ),
    # which line breaks the rule
    "one name among numbers, first": (
        lines(sample("a", to="b"), *NUMBERS),
        ':1: token "a" is not a number, as in most lines',
    ),
    "one name among numbers, last": (
        lines(*NUMBERS, sample(0, to="b")),
        ':4: token "b" is not a number, as in most lines',
    ),
    "one number among names, first": (
        lines(sample(0, to=1), *NAMES),
        ":1: token 0 is not a name, as in most lines",
    ),
    "one number among names, in the middle": (
        lines(NAMES[0], sample("b", to=7), *NAMES[1:]),
        ":2: token 7 is not a name, as in most lines",
    ),
    "a long line of names among short ones of numbers": (
        lines(sample(*["a"] * 50, to="b"), *NUMBERS),
        ':1: token "a" is not a number',
    ),
    "a number in quotes": (
        lines(*NUMBERS, sample("1", to=0)),
        ':4: token "1" is not a number',
    ),
    "a fraction among numbers": (lines(*NUMBERS, sample(1.0, to=0)), ":4: token 1.0 is not a"),
    "a flag among numbers": (lines(*NUMBERS, sample(True, to=0)), ":4: token true is not a"),
    "not-a-number for a token": (
        lines(*NUMBERS) + b'{"tokens": [NaN], "next": 0}\n',
        ":4: token NaN is not a number",
    ),
    "one unknown name with a vocabulary": (
        lines(VOCAB, *NAMES, sample("z", to="a")),
        ':5: token "z" is not in the vocabulary',
    ),
    "a vocabulary of another corpus": (
        lines({"vocab": ["x", "y"]}, sample("x", to="y"), *NAMES),
        ':1: 3 of 4 lines have tokens that it lacks, the first is "a"',
    ),
    # bytes and sizes
    "a bad byte": (
        lines(*NUMBERS) + b'{"tokens": ["\xff"], "next": 0}\n',
        ":4: byte 14 of the line is not UTF-8 text",
    ),
    "UTF-16": (b"\xff\xfe" + "{}".encode("utf-16-le"), ":1: byte 1 of the line is not UTF-8"),
    "a mark inside a line": (
        b'{"tokens": [0], "next": 1}' + MARK + b'{"tokens": [1], "next": 0}\n',
        ":1: the line is not JSON from column 27 on",
    ),
    "a second file with its vocabulary": (
        lines(VOCAB, *NAMES) + MARK + lines(VOCAB, *NAMES),
        ":5: the vocabulary is not the first line",
    ),
    "zero bytes after a line": (lines(*NUMBERS) + b"\0" * 9, ":4: the line is not JSON from"),
    "a raw escape in a name": (
        b'{"tokens": ["\x1b[31m"], "next": "a"}\n',
        ":1: the line is not JSON from column 14 on",
    ),
    "a token of 5,000 digits": (
        b'{"tokens": [' + b"7" * 5000 + b'], "next": 0}\n',
        ":1: a number has thousands of digits",
    ),
    "a token of 10^30": (
        lines(*NUMBERS, sample(10**30, to=0)),
        ":4: token 1000000000000000000000000000000 asks for more than 1,000,000",
    ),
    "a token of 1e400": (
        lines(*NUMBERS) + b'{"tokens": [1e400], "next": 0}\n',
        ":4: token Infinity is not a number",
    ),
    "100,000 levels": (b"[" * 100_000 + b"\n", ":1: the line is not JSON of few levels"),
    "a token of 500 levels": (
        b'{"tokens": [' + b"[" * 500 + b"]" * 500 + b'], "next": 0}\n',
        ":1: token [[[",
    ),
    "a line of a megabyte": (lines(*NUMBERS, sample("x" * 10**6, to=0)), ":4: token "),
    "a weight in quotes": (
        lines({**NUMBERS[0], "weight": "\x1b[2J"}),
        r":1: weight '\x1b[2J' is not a positive double",
    ),
    "half a character": (
        b'{"tokens": ["\\ud800"], "next": "a"}\n',
        ":1: it holds half of a surrogate pair",
    ),
    "a hostile unknown token": (
        lines(VOCAB, *NAMES, sample(HOSTILE, to="a")),
        r':5: token "\u001b[2J\u001b]0;owned\u0007\nerror',
    ),
    "an unused number that is a word": (
        lines({**VOCAB, "unused": "many"}, *NAMES),
        ":1: 'unused' is \"many\"; say for how many tokens, 2 or more",
    ),
    "a sample that uses the unused": (
        lines({**VOCAB, "unused": 9}, *NAMES),
        ": the last token stands for 9 unused ones, and a sample uses it",
    ),
    # nothing to learn
    "one token": (lines(sample(0, to=0)), ': its only token is "0"; nothing is left to predict'),
    "one name": (lines(sample("\u202e", to="\u202e")), r': its only token is "\u202e"; nothing'),
}


LATE = ["a token of 10^30", "one token"]
"""What is refused last of all, when the size and the tokens of the corpus are known."""


@pytest.mark.parametrize(
    ("name", "engine"),
    [*((name, "numba") for name in REFUSED), *((name, "torch") for name in LATE)],
)
def test_a_broken_corpus_is_one_true_line(
    name: str,
    engine: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content, says = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    Path("corpus.jsonl").write_bytes(content)
    with pytest.raises(UserError) as refused:
        ntp.train([*QUIET, "dataset.path=corpus.jsonl", f"engine={engine}"], tmp_path / "record")
    with pytest.raises(SystemExit) as stopped:
        commands.check(["corpus.jsonl"])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert err == f"error: {refused.value}\n"
    assert err.removeprefix("error: corpus.jsonl").startswith(says)
    assert err[:-1].isprintable()
    assert len(err) < 200
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


READ: dict[str, tuple[bytes, list[object]]] = {
    "a mark at the start": (MARK + lines(*NAMES), NAMES),
    "a mark at the start of a joined file": (lines(*NAMES[:2]) + MARK + lines(NAMES[2]), NAMES),
    "DOS line ends": (lines(*NAMES).replace(b"\n", b"\r\n"), NAMES),
    "empty lines, and no end of line": (b"\n\n" + lines(*NAMES).strip() + b"\n  \t\n", NAMES),
    "a zero in a name": (lines(sample("\0", to="a"), sample("a", to="\0")), []),
    "hostile names": (lines(sample(HOSTILE, to=HOSTILE[1:]), sample(HOSTILE[1:], to=HOSTILE)), []),
    "names of blanks": (lines(sample("", to=" "), sample(" ", to="")), []),
    "two tokens": (lines(sample(0, to=1), sample(1, to=0), sample(0, 1, to=0)), []),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", READ)
def test_an_odd_corpus_is_read_trained_on_and_read_back(
    name: str, engine: str, tmp_path: Path
) -> None:
    content, meant = READ[name]
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(content)
    corpus = Corpus.read(file)
    if meant:
        plain = tmp_path / "plain.jsonl"
        plain.write_bytes(lines(*meant))
        assert corpus == Corpus.read(plain)
    given = [*QUIET, *STEPS, f"dataset.path={file}", f"engine={engine}"]
    record = ntp.train(given, tmp_path / "record")
    assert record.status["state"] == "done"
    assert ntp.load_run(record.path).corpora == [corpus]
    last = record.trajectory["feed_forward"]["log_loss"].values[0, -1]
    assert last < record.trajectory["feed_forward"]["log_loss"].values[0, 0]


HOSTILE_SAMPLES = {
    "cycle": [([0], 1), ([1], 0), ([0, 1], 1), ([1, 1, 0, 1], 0)],
    "two continuations": [([0], 1), ([0], 0), ([1], 0)],
    "unreachable label": [([0], 1), ([1], 1), ([0, 1], 0)],
    "assumption 3": [([0], 1), ([1], 0), ([0, 1, 1], 1)],
    "a sentence of 4,000 tokens": [([0], 1), ([1], 1), ([0] * 3999 + [1], 0)],
}


@pytest.mark.parametrize("name", HOSTILE_SAMPLES)
def test_a_hostile_vocabulary_leaves_no_mark_on_the_report(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "corpus.jsonl"
    Corpus.from_samples(HOSTILE_SAMPLES[name], vocab=[HOSTILE, HOSTILE[1:]]).write(file)
    with pytest.raises(SystemExit):
        commands.check([str(file)])
    out = capsys.readouterr().out
    told = out.splitlines()
    assert "owned\\x07\\nerror: fake\\r..." in out
    assert all(line.isprintable() for line in told)
    assert not any(line.startswith("error") for line in told)
    assert max(map(len, told)) < 1200
    assert ("... 3,980 more ..." in out) == ("4,000" in name)


def test_a_hostile_vocabulary_leaves_no_mark_on_the_log(tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    samples = HOSTILE_SAMPLES["two continuations"]
    Corpus.from_samples(samples, vocab=[HOSTILE, HOSTILE[1:]]).write(file)
    record = ntp.train([*QUIET, *STEPS, f"dataset.path={file}"], tmp_path / "record")
    (note,) = record.status["notes"]
    log = (record.path / "log.txt").read_text()
    assert r"token \x1b[2J\x1b]0;owned\x07\nerror: fake... has two" in note
    assert note.isprintable()
    assert note in log
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in log.splitlines())
    assert log.replace("\n", "").isprintable()


def test_a_hostile_text_leaves_no_mark_on_a_table_a_log_or_a_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = StringIO()
    verdict_table(
        Console(file=printed, width=200), [Row(HOSTILE[:40], HOSTILE[:40], "1 of 1", HOSTILE[:40])]
    )
    assert all(line.isprintable() for line in printed.getvalue().splitlines())
    assert printed.getvalue().count(r"\x1b[2J") == 3
    with JobLog(tmp_path / "log.txt") as log:
        log(f"traceback\n  {HOSTILE[:5]}\nValueError")
    assert (tmp_path / "log.txt").read_text().splitlines()[1] == r"  \x1b[2J\x1b"
    tell_failure(3, ValueError(HOSTILE))
    tell_failure(4, UserError(HOSTILE[:30], "x", "y"))
    told = capsys.readouterr().err.splitlines()
    assert [line[:13] for line in told] == ["error: job 3:", "error: job 4:"]
    assert all(line.isprintable() for line in told)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("漢字 é ש 🙂", "漢字 é ש 🙂"),
        ("a\tb\nc\r", r"a\tb\nc\r"),
        ("\x1b[31m\x9b2J\x7f", r"\x1b[31m\x9b2J\x7f"),
        ("\u202eabc\u2066\u200f", r"\u202eabc\u2066\u200f"),
        ("\ud800\udcff", r"\ud800\udcff"),
        ("a\\b'c", "a\\b'c"),
        ("\u2028\u0085\U000e0041", r"\u2028\x85\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped(shown) == shown
    assert str(UserError("x", "y " + text.strip(), "z")).isprintable()


def test_a_huge_text_is_cut_before_it_is_escaped() -> None:
    assert short("x" * 40) == "x" * 40
    assert short("x" * 41) == "x" * 37 + "..."
    assert short("\x00" * 10**7) == r"\x00" * 9 + "..."
