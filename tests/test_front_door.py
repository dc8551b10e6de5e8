"""The front door takes what the shell, the environment and a user's files give; what it cannot take
is a line that says where and what to do, before anything is written."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.config.compose import compose_job, read_config

TINY = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "dataset.queries=3",
    "train.feed_forward.steps=10",
    "train.attention.steps=20",
]
CORPUS = '{"tokens": ["a"], "next": "b"}\n{"tokens": ["b"], "next": "a"}\n'
HEADER = "# @package _global_\n"
ODD = "it's e=q, (1) ~#é漢 ${x}"
"""A name that a file system takes and Hydra's grammar does not."""

Say = Callable[..., list[str]]


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    """Runs ntp-train in an empty directory; returns its lines of refusal, one a mistake."""

    def run(*arguments: str) -> list[str]:
        before = sorted(tmp_path.rglob("*"))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["ntp-train", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.train()
        out, err = capsys.readouterr()
        assert stopped.value.code == 2, out + err
        assert out == ""
        lines = err.splitlines()
        assert all(line.startswith("error: ") and "; " in line for line in lines), err
        assert all(len(line) <= 240 for line in lines)
        assert sorted(tmp_path.rglob("*")) == before
        return lines

    return run


def trained(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["ntp-train", *arguments])
    cli.train()


def test_a_job_runs_whatever_its_directories_and_files_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory, the corpus, a config directory, the directory of the record."""
    here = tmp_path / ODD
    (here / "c,d=1/experiment").mkdir(parents=True)
    (here / "c,d=1/experiment/mine.yaml").write_text(f"{HEADER}name: mine\n")
    (here / "e=q (1)#.jsonl").write_text(CORPUS)
    monkeypatch.chdir(here)
    shape = [o for o in TINY[1:] if not o.startswith("dataset.")]
    mine = ["--config-dir", "c,d=1", "experiment=mine", "runs=1", "dataset=file"]
    path = "dataset.path=e=q (1)#.jsonl"
    trained(monkeypatch, *mine, *shape, path, "hydra.run.dir=ü ~=(a)")
    assert ntp.load_run(here / "ü ~=(a)").config.dataset == ntp.load_run("ü ~=(a)").config.dataset
    assert ntp.load_run("ü ~=(a)").config.name == "mine"
    trained(monkeypatch, "-m", *mine, *shape, path, "seed=0,1", "hydra.sweep.dir=a=b é", "hydra/launcher=basic")  # fmt: skip  # noqa: E501
    table = ntp.load_sweep("a=b é")
    assert list(table["status"]) == ["done", "done"]
    assert list(table["dataset.path"]) == ["e=q (1)#.jsonl"] * 2


@pytest.mark.parametrize("key", ["dataset.path", "hydra.run.dir", "hydra.sweep.dir", "name"])
@pytest.mark.parametrize("text", ["a=b", "a(b", "a#b", "a'b", "~a", "é漢", "a{b}", "a;b", "1e3"])
def test_a_text_reaches_its_key_as_it_was_typed(key: str, text: str) -> None:
    composed = compose_job(["dataset=file", f"{key}={text}"])
    node = composed
    for name in key.split("."):
        node = node[name]
    assert str(node) == text


@pytest.mark.parametrize("key", ["dataset.path", "hydra.run.dir", "name"])
@pytest.mark.parametrize("text", ["a,b", "${x}", "glob(a)"])
def test_what_hydra_reads_otherwise_is_told_with_the_argument_that_works(
    key: str, text: str, refused: Say
) -> None:
    corpus = ["dataset=file", "runs=1", "dataset.path=${corpus:cycle}"]
    (line,) = refused(*corpus, f"{key}={text}")
    (argument,) = shlex.split(line.partition("write ")[2])
    composed = compose_job(["dataset=file", argument])
    for name in key.split("."):
        composed = composed[name]
    assert composed == text


def test_a_sweep_over_the_halves_of_a_files_name_is_told(refused: Say, tmp_path: Path) -> None:
    (tmp_path / "a,b.jsonl").write_text(CORPUS)
    (line,) = refused("-m", "dataset=file", "runs=1", "dataset.path=a,b.jsonl")
    assert line.endswith("to mean the file write 'dataset.path=\"a,b.jsonl\"'")
    (line,) = refused("-m", *TINY, "seed=0,1", "hydra.sweep.dir=a,b")
    assert line.endswith("write 'hydra.sweep.dir=\"a,b\"'")


ARGUMENTS: dict[str, tuple[list[str], str]] = {
    "glob of values": (["-m", "seed=glob(*)"], "seed: glob() finds no config file"),
    "an interval": (["-m", "seed=interval(0,3)"], "seed: an interval has no end of values"),
    "an empty range": (["-m", "seed=range(5,0)"], "seed: range(5,0) is empty"),
    "a trailing comma": (["-m", "seed=0,"], "seed: it ends with a comma"),
    "choice in a single job": (["seed=choice(1,2)"], "seed: it has several values"),
    "interval in a single job": (["seed=interval(1,2)"], "seed: it has several values"),
    "no key": (["=3"], "'=3': it is not a valid override"),
    "a group that is a number": (["dataset=3"], "dataset: it is not a valid override"),
    "no value for a group": (["init=null"], "init: it is not a valid override"),
    "null for a number": (["runs=null"], "runs: it cannot be null"),
    "a value for a node": (["train=3"], "train: it holds keys, not a value"),
    "a group that there is not": (["foo@dataset=file"], "foo: there is no such group"),
    "chdir": (["hydra.job.chdir=true"], "hydra.job.chdir: a job stays where it was started"),
    "chdir of a sweep": (["-m", "hydra.job.chdir=true", "seed=0,1"], "hydra.job.chdir: "),
    "the mode of Hydra": (["hydra.mode=MULTIRUN"], "hydra.mode: a sweep is asked for"),
    "no job a batch": (["-m", "hydra.sweeper.max_batch_size=0", "seed=0,1"], "max_batch_size: "),
    "no thread": (["-m", "hydra.launcher.threads=0", "seed=0,1"], "hydra.launcher.threads: "),
    "a swept launcher": (["-m", "hydra/launcher=basic,packed"], "hydra/launcher: it is the same"),
    "an empty directory": (["hydra.run.dir="], "hydra.run.dir: it is empty"),
    "a search path": (["hydra.searchpath=[nix]"], "nix: it is not a directory"),
    "a config path": (["--config-path", "c"], "--config-path: there is one configuration"),
    "an empty config directory": (["--config-dir", ""], "--config-dir: it is not a directory"),
    "a launcher of one job": (
        ["hydra/launcher=packed_ray"],
        "hydra/launcher: a launcher runs the jobs of a sweep, and this is one job; add -m, or",
    ),
    "a rerun": (["--experimental-rerun", "x"], "--experimental-rerun: no job is pickled"),
    "run and multirun": (["--run", "-m", "seed=1"], "--run: it says the contrary of -m"),
    "a norm whose square overflows": (
        ["init=gaussian", "vary=init", "init.norm=1e200"],
        "init.norm: 1e+200 is refused; it should be less than or equal to 1e+100",
    ),
    "a step whose square underflows": (
        ["train.attention.step_size=1e-300"],
        "train.attention.step_size: 1e-300 is refused; it should be greater than or equal to 1e-1",
    ),
    "a margin out of range": (["train.margin=1e300"], "train.margin: 1e+300 is refused"),
    "a project that wandb refuses": (["tracking.project=a/b"], "tracking.project: 'a/b' is refuse"),
    "polyak without an infimum": (
        ["dataset=file", "runs=1", "dataset.path=${corpus:non_injective}", "optimizer=polyak"],
        "optimizer: Polyak's step needs the infimum of the attention loss",
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_cannot_be_used_is_one_line(name: str, refused: Say) -> None:
    arguments, what = ARGUMENTS[name]
    (line,) = refused(*arguments)
    assert what in line


TWO: dict[str, tuple[list[str], list[str]]] = {
    "two unknown keys": (["rnus=3", "sead=2"], ["rnus: ", "sead: "]),
    "a value and an unknown key": (["runs=abc", "rnus=3"], ["runs: ", "rnus: "]),
    "an unknown key and a range": (["rnus=3", "runs=0"], ["rnus: ", "runs: "]),
    "two choices": (["dataset=realisable", "optimizer=adamm"], ["optimizer: ", "dataset: "]),
    "several values and a range": (["seed=0,1", "runs=0"], ["seed: ", "runs: "]),
    "no override and a range": (["seed", "runs=0"], ["seed: ", "runs: "]),
    "a file and a module": (
        ["dataset=file", "runs=1", "dataset.path=nix", "hooks.modules=[nix.py]"],
        ["nix: ", "hooks.modules: "],
    ),
    # one mistake and what hangs on it
    "a choice and its keys": (["dataset=flie", "dataset.path=x"], ["dataset: "]),
    "an experiment and its keys": (["experiment=smok", "dataset.path=x"], ["experiment: "]),
    "a stage listed twice": (["train.stages=[joint,joint]"], ["train.stages: a stage is listed"]),
    "no stage and a margin": (["train.stages=[]", "train.margin=3"], ["train.stages: nothing"]),
    "a margin instead of all stages": (
        ["train.stages=[feed_forward]", "train.margin=3"],
        ["train.margin: "],
    ),
}


@pytest.mark.parametrize("name", TWO)
def test_each_mistake_is_a_line_and_none_is_the_echo_of_another(name: str, refused: Say) -> None:
    arguments, expected = TWO[name]
    lines = refused(*arguments)
    assert len(lines) == len(expected), lines
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(f"error: {start}")


FILES: dict[str, tuple[bytes, str]] = {
    "a tab": (b"train:\n\tattention: {steps: 3}\n", ":3: found character '\\t'"),
    "a duplicate key": (b"runs: 2\nruns: 3\n", ":3: found duplicate key runs"),
    "a nested duplicate": (b"train: {attention: {steps: 3, steps: 4}}\n", ":2: found duplicate"),
    "a bad byte": (b"name: caf\xe9\n", ":2: byte 0xe9 is not UTF-8 text; save it as UTF-8"),
    "an open bracket": (b"train: {steps: 3\n", ":3: expected ',' or '}'"),
    "a control character": (b"name: m\x00\n", ":2: it holds the character U+0000"),
    "two documents": (b"name: a\n---\nname: b\n", ":3: but found another document"),
    "a Python tag": (b"name: !!python/name:os.system\n", ":2: could not determine a constructor"),
    "a list": (b"- a\n- b\n", "mine.yaml: it holds a list, not keys"),
    "a word": (b"hello\n", "mine.yaml: it holds a str, not keys"),
    "an unknown key": (b"rnus: 3\n", "mine.yaml:2: rnus: unknown key; did you mean 'runs'?"),
    "a value of another type": (b"runs: many\n", "mine.yaml:2: runs: value 'many'"),
    "defaults without override": (
        b"defaults:\n  - dataset: prefix_closed\n",
        "mine.yaml: its defaults look for dataset below experiment/; write `override /dataset",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_experiment_is_told_by_file_and_line(
    name: str, refused: Say, tmp_path: Path
) -> None:
    content, what = FILES[name]
    (tmp_path / "c/experiment").mkdir(parents=True)
    (tmp_path / "c/experiment/mine.yaml").write_bytes(HEADER.encode() + content)
    (line,) = refused("--config-dir", "c", "experiment=mine")
    assert line.startswith("error: c/experiment/mine.yaml")
    assert what in line


@pytest.mark.parametrize(
    "head", ["", "# mine\n# @package _global_\n", "# @package: _global_\n", "# @package _globl_\n"]
)
def test_an_experiment_without_its_first_line_is_told_so(
    head: str, refused: Say, tmp_path: Path
) -> None:
    (tmp_path / "c/experiment").mkdir(parents=True)
    (tmp_path / "c/experiment/mine.yaml").write_text(f"{head}name: mine\n")
    (line,) = refused("--config-dir", "c", "experiment=mine", *TINY[1:])
    assert "c/experiment/mine.yaml: its first line is not `# @package _global_`" in line


def test_other_files_of_a_config_directory(refused: Say, tmp_path: Path) -> None:
    """A choice without a schema, two broken files at once, a name that Hydra passes over."""
    for group in ("dataset", "optimizer", "experiment"):
        (tmp_path / "c" / group).mkdir(parents=True)
    (tmp_path / "c/dataset/bare.yaml").write_text("vocab_size: 9\n")
    (line,) = refused("--config-dir", "c", "dataset=bare")
    assert "c/dataset/bare.yaml: it names no schema; begin it with" in line
    (tmp_path / "c/dataset/torn.yaml").write_text("vocab_size: [\n")
    (tmp_path / "c/optimizer/twice.yaml").write_text("beta1: .3\nbeta1: .4\n")
    lines = refused("--config-dir", "c", "dataset=torn", "optimizer=twice")
    assert [line.split(": ")[1] for line in lines] == [
        "c/dataset/torn.yaml:2",
        "c/optimizer/twice.yaml:2",
    ]
    (tmp_path / "c/experiment/mine.yml").write_text(f"{HEADER}name: mine\n")
    (line,) = refused("--config-dir", "c", "experiment=mine")
    assert "c/experiment/mine.yml: Hydra reads names that end in .yaml; rename it" in line


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        ("online", "online"),
        ("offline", "offline"),
        ("disabled", "disabled"),
        ("dryrun", "offline"),
        ("run", "online"),
        ("", "offline"),
    ],
)
def test_wandb_modes_are_those_of_wandb(
    value: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", value)
    tracking = read_config(compose_job([])).tracking
    assert str(tracking.mode) == mode  # type: ignore[attr-defined]


def test_the_project_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, project in (("mine", "mine"), ("", "ntp-dynamics")):
        monkeypatch.setenv("WANDB_PROJECT", value)
        assert read_config(compose_job([])).tracking.project == project  # type: ignore[attr-defined]
    assert read_config(compose_job(["tracking.project=a"])).tracking.project == "a"  # type: ignore[attr-defined]


VARIABLES = {
    "WANDB_MODE": "bogus",
    "WANDB_PROJECT": "a/b",
    "NUMBA_DISABLE_JIT": "x",
    "NUMBA_NUM_THREADS": "0",
    "OMP_NUM_THREADS": "two",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_bad_variable_is_one_line_that_names_it(
    name: str, refused: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    (line,) = refused("experiment=smoke")
    assert line.startswith(f"error: {name}: {VARIABLES[name]!r} is not ")


def test_without_machine_code_the_torch_path_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    record = ntp.train(TINY, tmp_path / "job")
    assert "NUMBA_DISABLE_JIT switches the kernel off" in (record.path / "log.txt").read_text()
    with pytest.raises(ntp.UserErrors, match="NUMBA_DISABLE_JIT switches the kernel off"):
        ntp.train([*TINY, "engine=numba"], tmp_path / "other")
