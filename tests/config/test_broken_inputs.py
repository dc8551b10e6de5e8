"""What a user gets wrong is answered in one line, with exit code 2, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntp_dynamics import cli
from ntp_dynamics.studies.next_token import commands

SAMPLE = {"tokens": ["a"], "next": "b"}
OTHER = {"tokens": ["b"], "next": "a"}


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


CORPORA: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "it holds no samples"),
    "blank lines only": (b"\n\n  \n", "it holds no samples"),
    "a vocabulary without samples": (lines({"vocab": ["a"]}), "it holds no samples"),
    "not JSON": (b"a b c\n", ":1: the line is not JSON"),
    "a torn last line": (lines(SAMPLE) + b'{"tokens": ["b"]', ":2: the line is not JSON"),
    "a JSON list": (lines(["a", "b"]), ":1: the line is not a JSON object"),
    "a JSON number": (b"3\n", ":1: the line is not a JSON object"),
    "binary data": (b"\x80\x04\x95\x00", ":1: byte 1 of the line is not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not UTF-8 text"),
    "a token outside the vocabulary": (lines({"vocab": ["a"]}, SAMPLE), ':2: token "b"'),
    "a number outside the vocabulary": (
        lines({"vocab": ["a", "b"]}, {"tokens": [2], "next": 0}),
        ":2: token 2",
    ),
    "a negative token": (lines({"tokens": [-1], "next": 0}), ":1: token -1"),
    "a token that is a list": (lines({"tokens": [["a"]], "next": "a"}), ":1: token"),
    "a token that is null": (lines({"tokens": ["a", None], "next": "a"}), ":1: token"),
    "mixed names and numbers": (lines(SAMPLE, {"tokens": [1], "next": 0}), ":2: token"),
    "a token number of 10^12": (lines({"tokens": [10**12], "next": 0}), "asks for more than"),
    "a negative weight": (lines({**SAMPLE, "weight": -1}), ":1: weight -1"),
    "a weight of zero": (lines({**SAMPLE, "weight": 0}), ":1: weight 0"),
    "a weight that is nan": (b'{"tokens": ["a"], "next": "a", "weight": NaN}\n', ":1: weight nan"),
    "an infinite weight": (
        b'{"tokens": ["a"], "next": "a", "weight": Infinity}\n',
        ":1: weight inf",
    ),
    "a weight that is a word": (lines({**SAMPLE, "weight": "much"}), ":1: weight 'much'"),
    "a duplicate in the vocabulary": (lines({"vocab": ["a", "b", "a"]}, SAMPLE), ":1: token 'a'"),
    "a vocabulary of numbers": (lines({"vocab": [1, 2]}, SAMPLE), ":1: the vocabulary is not"),
    "a vocabulary after a sample": (lines(SAMPLE, {"vocab": ["a", "b"]}), ":2: the vocabulary"),
    "a sentence of 1e6 tokens": (
        lines({"tokens": ["a"] * 10**6, "next": "a"}),
        ":1: the sentence has 1,000,000 tokens",
    ),
    "an empty sentence": (lines({"tokens": [], "next": "a"}), ":1: the sentence is empty"),
    "a sentence that is a string": (lines({"tokens": "a b", "next": "a"}), ":1: 'tokens' is not"),
    "a missing next token": (lines({"tokens": ["a"]}), ":1: 'next' is missing"),
    "a misspelt key": (lines({**SAMPLE, "wieght": 1}), ":1: unknown key 'wieght'"),
}

OVERRIDES: list[tuple[list[str], str]] = [
    (["runs=abc"], "error: runs: value 'abc'"),
    (["runs=1.5"], "error: runs: value '1.5'"),
    (["runs=0"], "error: runs: 0 is refused"),
    (["runs=-3"], "error: runs: -3 is refused"),
    (["seed=-1"], "error: seed: -1 is refused"),
    (["overwrite=perhaps"], "error: overwrite: value 'perhaps'"),
    (["vary=everything"], "error: vary: invalid value 'everything'"),
    (["train.attention.step_size=nan"], "error: train.attention.step_size: nan is refused"),
    (["train.attention.step_size=inf"], "error: train.attention.step_size: inf is refused"),
    (["train.attention.step_size=0"], "error: train.attention.step_size: 0.0 is refused"),
    (["train.feed_forward.steps=0"], "error: train.feed_forward.steps: 0 is refused"),
    (["train.feed_forward.steps=1e4"], "error: train.feed_forward.steps: value"),
    (["train.margin=-1"], "error: train.margin: -1.0 is refused"),
    (["train.stages=[feed_forward,feed_forward]"], "error: train.stages: a stage is listed twice"),
    (["train.stages=[backwards]"], "error: train.stages"),
    (["train.stages=[attention]"], "error: train.stages: attention has no gradient"),
    (["dataset.p_star=1.5"], "error: dataset.p_star: 1.5 is refused"),
    (["dataset.vocab_size=1"], "error: dataset.vocab_size: 1 is refused"),
    (["dataset.queries=21"], "error: dataset.queries: there are more queries than tokens"),
    (["dataset.levels=5"], "error: dataset.levels: some level would be empty"),
    (["dataset.weights=counts"], "error: dataset.weights: only trajectories can be counted"),
    (["rnus=3"], "error: rnus: unknown key; did you mean 'runs'?"),
    (
        ["dataset.querries=3"],
        "error: dataset.querries: unknown key; did you mean 'dataset.queries'",
    ),
    (["train.atention.steps=3"], "did you mean 'train.attention.steps'?"),
    (["+new=1"], "error: new: unknown key"),
    (["+dataset.new=1"], "error: dataset.new: unknown key"),
    (["init.norm=2"], "error: init.norm: unknown key; it is a key of init=gaussian"),
    (
        ["dataset=realisable"],
        "error: dataset: 'realisable' is not one of its options; did you mean 'realizable'?",
    ),
    (
        ["experiment=figure3"],
        "error: experiment: 'figure3' is not one of its options; did you mean 'figure2'?",
    ),
    (
        ["experiment=attractor/gan"],
        "error: experiment: 'attractor/gan' is not one of its options; "
        "did you mean 'attractor/gain'?",
    ),
    (["study=attracter"], "error: study: 'attracter' is not one of its options; did you mean"),
    (["study=attractor", "dataset=chain"], "error: dataset: unknown key; it is a key of study="),
    (["study=federated", "experiment=smoke"], "error: train: unknown key; it is a key of study="),
    (["nonsense=group/x"], "error: nonsense: unknown key"),
    (["seed=0,1"], "error: seed: it has several values; sweep with -m"),
    (
        ["hooks.modules=lens.py"],
        "error: hooks.modules: it is a list; write hooks.modules=[lens.py]",
    ),
    (["seed"], "error: seed: it is not a valid override"),
    (["seed=${nope}"], "error: seed: "),
    (["seed=[1,2]"], "error: seed: "),
    (["vary=init"], "error: vary: every run would be the same"),
    (["embedding.dim=3"], "error: embedding.dim: orthonormal vectors need at least as many"),
    (["dataset=file", "runs=1"], "error: dataset.path: it is missing"),
    (["dataset=file", "runs=1", "dataset.path=."], "is a directory"),
    (["hooks.modules=[none.py]"], "error: hooks.modules: 'none.py' cannot be imported"),
    (["hooks.scalars=often"], "error: hooks.scalars: invalid value 'often'"),
    (["--unknown-flag"], "error: arguments: unrecognized arguments: --unknown-flag"),
]


def refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Run ntp-train; returns the one line it must answer with."""
    monkeypatch.setattr("sys.argv", ["ntp-train", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.train()
    out, err = capsys.readouterr()
    assert stopped.value.code == 2, err
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("error: ")
    assert "; " in err
    assert len(err) <= 240
    return err


@pytest.mark.parametrize("name", CORPORA)
def test_a_broken_corpus_file_is_refused_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content, what = CORPORA[name]
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(content)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    line = refused(["dataset=file", "runs=1", "dataset.path=../corpus.jsonl"], monkeypatch, capsys)
    assert line.startswith("error: ../corpus.jsonl")
    assert what in line
    assert list(Path().iterdir()) == []
    with pytest.raises(SystemExit) as stopped:
        commands.check([str(file)])
    assert stopped.value.code == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize(("overrides", "what"), OVERRIDES, ids=[" ".join(o) for o, _ in OVERRIDES])
def test_a_broken_override_is_refused_in_one_line(
    overrides: list[str],
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert what in refused(overrides, monkeypatch, capsys)
    assert list(tmp_path.iterdir()) == []


def test_there_are_at_least_sixty_of_them() -> None:
    assert len(CORPORA) + len(OVERRIDES) >= 60
