"""`ntp-check`: exit codes, one JSON object, one line an error."""

import json
import os
import subprocess
import sys

import pytest

from ntp_dynamics.studies.next_token import commands
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.theory.assumptions import check

KEYS = {
    "realizable", "assumption1", "reason", "certificate", "injective", "confused",
    "assumption3_violations", "prefix_closed", "proposition2_holds", "vocab_size", "sentences",
    "failures",
}  # fmt: skip
ALONE = [([0], 1), ([1], 2), ([2], 3), ([3], 0)]
CORPORA = {
    None: [*ALONE, ([0, 1, 3], 1)],
    "two continuations": [*ALONE, ([0], 2)],
    "missing collocation": [*ALONE[:3], ([0, 1, 3], 1)],
    "unreachable label": [*ALONE, ([0, 1, 3], 3)],
    "cycle": [*ALONE, ([0, 1, 3], 1), ([1, 0, 3], 2)],
}
COMMAND = [
    sys.executable,
    "-c",
    "from ntp_dynamics.studies.next_token.commands import check; check()",
]


@pytest.fixture(params=["SVOP", None], ids=["named", "numbered"])
def write(request, tmp_path):
    """Writes samples over the paper's vocabulary, or over numbers; returns the file's name."""

    def to_file(samples):
        path = tmp_path / "corpus.jsonl"
        Corpus.from_samples(samples, vocab_size=4, vocab=request.param).write(path)
        return str(path)

    return to_file


@pytest.fixture
def run(capsys):
    """Runs the command here: (exit code, stdout, stderr)."""

    def command(*arguments):
        with pytest.raises(SystemExit) as left:
            commands.check(arguments)
        return left.value.code, *capsys.readouterr()

    return command


def is_one_error(text):
    """One line that names a place, a mistake and a remedy."""
    (line,) = text.splitlines()
    place, _, rest = line.removeprefix("error: ").partition(": ")
    return line.startswith("error: ") and place and "; " in rest and text.endswith("\n")


@pytest.mark.parametrize("reason", CORPORA)
def test_the_exit_code_is_the_verdict(write, run, reason):
    code, out, err = run(write(CORPORA[reason]))
    assert code == (0 if reason is None else 1)
    assert err == ""
    assert ("Not realizable: " in out) == (reason is not None)


@pytest.mark.parametrize("reason", CORPORA)
def test_json_is_one_object_with_the_documented_keys(write, run, reason):
    path = write(CORPORA[reason])
    code, out, err = run(path, "--json")
    report = json.loads(out)
    assert code == (0 if reason is None else 1)
    assert err == ""
    assert set(report) == KEYS
    assert report["reason"] == reason
    assert report["realizable"] == (reason is None)
    assert bool(report["certificate"]) == (reason is not None)
    assert report == check(Corpus.read(path)).to_json()
    assert (report["vocab_size"], report["sentences"]) == (4, len(CORPORA[reason]))


def test_tokens_are_told_by_the_names_of_the_vocabulary(tmp_path, run):
    path = tmp_path / "corpus.jsonl"
    Corpus.from_samples(CORPORA["cycle"], vocab="SVOP").write(path)
    _, out, _ = run(str(path), "--json")
    samples = [(s["tokens"], s["next"]) for s in json.loads(out)["certificate"]]
    assert sorted(samples) == [(["S", "V", "P"], "V"), (["V", "S", "P"], "O")]
    _, out, _ = run(str(path))
    assert "under query P" in out
    confused = [*ALONE, ([0, 1, 3], 1), ([1, 2, 3], 2)]
    Corpus.from_samples(confused, vocab="SVOP").write(path)
    _, out, _ = run(str(path), "--json")
    assert json.loads(out)["confused"] == [["P", "V"]]


@pytest.mark.parametrize("flags", [[], ["--json"]])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[1]\n", b'{"tokens": [0], "next": 0, "weight": 0}\n']
)
def test_a_file_that_is_no_corpus_is_one_line_on_stderr(tmp_path, run, content, flags):
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(content)
    code, out, err = run(str(path), *flags)
    assert (code, out) == (2, "")
    assert is_one_error(err)
    assert err.startswith(f"error: {path}")


@pytest.mark.parametrize("name", ["missing.jsonl", "", "two\nlines", "\u2028"])
def test_a_file_that_cannot_be_read_is_one_line_on_stderr(tmp_path, run, name):
    code, out, err = run(str(tmp_path / name))
    assert (code, out) == (2, "")
    assert is_one_error(err)


@pytest.mark.parametrize("arguments", [[], ["--frobnicate", "x"], ["one", "two"]])
def test_wrong_arguments_are_one_line_on_stderr(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert is_one_error(err)


def test_help_is_no_error(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert "--json" in out


def test_the_command_itself_exits_with_its_code(tmp_path):
    path = tmp_path / "corpus.jsonl"
    for expected, samples in [(0, CORPORA[None]), (1, CORPORA["cycle"])]:
        Corpus.from_samples(samples, vocab_size=4).write(path)
        done = subprocess.run([*COMMAND, str(path), "--json"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (expected, "")
        assert json.loads(done.stdout)["realizable"] == (expected == 0)
    done = subprocess.run([*COMMAND, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert is_one_error(done.stderr)


def test_names_that_the_terminal_cannot_print_are_escaped(tmp_path):
    path = tmp_path / "corpus.jsonl"
    Corpus.from_samples([([0, 1], 0)], vocab=["\u00e9", "\u4e00"]).write(path)
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, str(path)], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"[\xe9 \u4e00] -> \xe9" in done.stdout


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    path = tmp_path / "corpus.jsonl"
    many = [([v], (v + 1) % 3000) for v in range(1, 3000)] + [([0, v], v) for v in range(2, 3000)]
    Corpus.from_samples(many, vocab_size=3000).write(path)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run([*COMMAND, str(path), "--json"], stdout=pipe, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode == 1
