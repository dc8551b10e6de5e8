"""Whatever is wrong with a file or a claim is one line on stderr, exit 2, and no traceback."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.judging.commands import STEPS, asked, csv_text, decay, log

LAW = "1/t"
Make = Callable[[Path], object]


def text(content: str, name: str = "x.csv") -> Make:
    return lambda folder: (folder / name).write_text(content)


def body(content: bytes, name: str = "x.csv") -> Make:
    return lambda folder: (folder / name).write_bytes(content)


def arrays(**named: np.ndarray) -> Make:
    return lambda folder: np.savez(folder / "x.npz", **named)


def netcdf(clock: bool, dims: tuple[str, ...] = ("step",)) -> Make:
    def make(folder: Path) -> None:
        import netCDF4

        with netCDF4.Dataset(folder / "x.nc", "w") as file:
            for dim in dims:
                file.createDimension(dim, 5)
            if clock:
                file.createVariable("step", "f8", ("step",))[:] = np.arange(1, 6)
            file.createVariable("loss", "f8", dims)[:] = np.ones((5,) * len(dims))

    return make


def database(folder: Path) -> None:
    with sqlite3.connect(folder / "x.db") as file:
        file.execute("CREATE TABLE notes (a TEXT)")
    file.close()


T, Y = STEPS.astype(int), decay()
GOOD = csv_text("step,loss", T, Y)
ROWS = list(zip(range(1, 11), np.arange(1.0, 11) ** -1, strict=True))


def table(*rows: object, names: str = "step,loss") -> Make:
    return text("\n".join([names, *map(str, rows)]) + "\n")


FILES: dict[str, tuple[Make, list[str], str]] = {
    "not there": (lambda folder: None, ["x.csv"], "it does not exist"),
    "an empty file": (text(""), ["x.csv"], "it is empty"),
    "only blank lines": (text("\n\n \n"), ["x.csv"], "it holds no rows"),
    "only comments": (text("# a\n# b\n"), ["x.csv"], "it holds no rows"),
    "only a header": (text("step,loss\n"), ["x.csv"], "it holds no rows"),
    "one row": (table("1,0.5"), ["x.csv"], "a single row is no curve"),
    "one column": (table("1", "2", names="step"), ["x.csv"], "holds a quantity in numbers"),
    "two columns of a name": (
        table("1,2,3", "2,2,3", names="step,loss,loss"), ["x.csv"], "two columns are called"),
    "a long row": (table("1,1", "2,0.5,7", "3,0.3"), ["x.csv"], "row 2 has 3 cells"),
    "a short row amid": (table("1,1", "2", "3,0.3"), ["x.csv"], "row 2 has 1 cells"),
    "an open quote": (text('step,loss\n1,"0.5\n2,0.3\n'), ["x.csv"], "it is no table"),
    "words for numbers": (
        table("1,a", "2,b"), ["x.csv", "--column", "loss"], "row 1 of loss holds 'a'"),
    "a word further down": (
        table(*(f"{a},{b}" for a, b in ROWS), "11,oops", "12,0.1"),
        ["x.csv"], "row 11 of loss holds 'oops'"),
    "a unit that changes": (
        table("1,5 ms", "2,0.4 s"), ["x.csv", "--column", "loss"], "'5 ms', which is not a number"),
    "decimal commas": (table('1;"0,5"', "2;0,3", names="step;loss"),
                       ["x.csv", "--column", "loss"], "'0,5', which is not a number"),
    "true and false": (text('{"step": 1, "ok": true}\n{"step": 2, "ok": false}\n', "x.jsonl"),
                       ["x.jsonl", "--column", "ok"], "holds 'True'"),
    "not UTF-8": (body("step,loss\n1,é\n".encode("latin-1")), ["x.csv"], "it is not UTF-8"),
    "UTF-16": (body(GOOD.encode("utf-16")), ["x.csv"], "it is not UTF-8"),
    "zero bytes": (body(b"step,loss\n1,\x002\n"), ["x.csv"], "zero bytes"),
    "random bytes": (body(bytes(range(128, 256)) * 9), ["x.csv"], "it is not UTF-8"),
    "a negative value": (table("1,1", "2,-0.5", "3,0.1"), ["x.csv"], "loss is -0.5 at step 2"),
    "a negative step": (table("-1,1", "2,0.5", "3,0.1"), ["x.csv"], "step -1 is negative"),
    "a step that is nan": (table("1,1", "nan,0.5", "3,1"), ["x.csv", "--t", "step"], "row 2"),
    "a step that is infinite": (table("1,1", "inf,1", "3,1"), ["x.csv", "--t", "step"], "row 2"),
    "a step in words": (
        table("one,1", "two,1"), ["x.csv", "--t", "step"], "row 1 of step holds 'one'"),
    "only step 0": (table("0,1"), ["x.csv"], "no row has both"),
    "seeds one below another": (
        table(*(f"{a},{b}" for a, b in ROWS * 3)), ["x.csv"], "several runs"),
    "seeds step by step": (
        table(*(f"{a},{b}" for a, b in ROWS for _ in range(3))), ["x.csv"], "several runs"),
    "no clock": (table("a,1", "b,2", names="name,loss"), ["x.csv"], "is a clock"),
    "which y": (table("1,1,2", "2,1,2", names="step,red,blue"), ["x.csv"], "which column is y"),
    "no such column": (text(GOOD), ["x.csv", "--column", "los"], "has no column 'los'"),
    "no such pattern": (text(GOOD), ["x.csv", "--column", "z*"], "has no column 'z*'"),
    "no such clock": (text(GOOD), ["x.csv", "--t", "epoch"], "has no column 'epoch'"),
    "no such group": (text(GOOD), ["x.csv", "--by", "seed"], "has no column 'seed'"),
    "no such bound": (
        text(GOOD), ["x.csv", "--column", "loss", "--envelope", "b"], "has no column 'b'"),
    "a folder of nothing": (lambda folder: (folder / "d").mkdir(), ["d"], "are in this folder"),
    "a link to nothing": (
        lambda folder: (folder / "l").symlink_to("gone"), ["l"], "it is a link to nothing"),
    "a pipe": (lambda folder: os.mkfifo(folder / "p"), ["p"], "no regular file"),
    "packed": (body(b"\x1f\x8b\x08\x00abc", "x.csv.gz"), ["x.csv.gz"], "it is a gzip file"),
    "Parquet": (body(b"PAR1abc", "x.parquet"), ["x.parquet"], "it is a Parquet file"),
    "JSON cut in the middle": (
        text('{"step": 1, "loss": 1}\n{"st\n{"step": 3, "loss": 1}\n', "x.jsonl"),
        ["x.jsonl"], "line 2 is no JSON object"),
    "JSON of numbers": (text("[1, 2, 3]", "x.json"), ["x.json"], "row 1 is no object"),
    "JSON of nothing": (text("[]", "x.json"), ["x.json"], "it holds no rows"),
    "JSON that never ends": (text("[" * 100_000, "x.json"), ["x.json"], "cannot be read as JSON"),
    "ragged lists": (
        text('{"t": [1, 2], "y": [[1, 2], [3]]}', "x.json"), ["x.json"], "differ in length"),
    "complex numbers": (
        arrays(t=np.arange(1, 9), y=np.ones(8, complex)),
        ["x.npz", "--column", "y"], "y holds complex numbers"),
    "objects in an array": (
        arrays(t=np.arange(1, 9), y=np.array([{}] * 8, dtype=object)),
        ["x.npz", "--column", "y"], "has no column 'y'"),
    "an array of three dimensions": (
        arrays(t=np.arange(1, 9), y=np.ones((2, 8, 3))),
        ["x.npz", "--column", "y"], "has no column 'y'"),
    "no clock among arrays": (arrays(y=np.ones((3, 8))), ["x.npz"], "is there to be t"),
    "a damaged npz": (body(b"PK\x03\x04junk", "x.npz"), ["x.npz"], "it is damaged"),
    "netCDF without a clock": (netcdf(False), ["x.nc"], "no variable stands along a clock"),
    "netCDF of three dimensions": (
        netcdf(True, ("step", "a", "b")), ["x.nc"], "no variable stands along a clock"),
    "a damaged netCDF": (body(b"\x89HDF\r\n\x1a\njunk", "x.nc"), ["x.nc"], "it is damaged"),
    "a database of others": (database, ["x.db"], "it is no database of trackio"),
    "a damaged database": (
        body(b"SQLite format 3\0junk", "x.db"), ["x.db"], "it is no database of trackio"),
    "no wandb run": (body(b":W&Bjunkjunkjunk", "x.wandb"), ["x.wandb"], "no history"),
    "no events": (
        body(b"junk" * 20, "events.out.tfevents.1"),
        ["events.out.tfevents.1"],
        "tensorboard|no sc",
    ),
    "runs without a common step": (
        lambda folder: [log(folder / "a.csv", loss=Y),
                        (folder / "b.csv").write_text("step,loss\n5000,1\n6000,1\n")],
        ["a.csv", "b.csv"], "no places of step in common"),
}  # fmt: skip
CLAIMS: dict[str, tuple[list[str], str]] = {
    "no claim": ([], "no claim is given"),
    "an empty law": (["--law", " "], "nothing is written"),
    "a law in Python": (["--law", "__import__('os')"], "is not known here|cannot be read"),
    "a law of another variable": (["--law", "1/x"], "'x' is not known here"),
    "a bare number": (["--law", "3 t^-1"], "is 3 claimed, or some constant"),
    "an open bracket": (["--law", "exp(-t"], "the end is not expected"),
    "a power of a power": (["--law", "t^t"], "is not expected here"),
    "a law without end": (["--law", "(" * 200], "nested too deep"),
    "two constants": (["--law", "y <= 3/t", "--constant", "2"], "states its own constant"),
    "a negative constant": (["--law", LAW, "--constant=-1"], "-1 is not positive"),
    "a floor of nothing": (["--law", LAW, "--floor", "0"], "0 is not positive"),
    "a constant in words": (["--law", LAW, "--constant", "big"], "invalid float value"),
    "a constant of an unknown rate": (["--law", "exp(-c t)", "--constant", "1"], "no constant"),
    "two sides": (["--law", "y <= 1/t", "--side", "lower"], "says its side itself"),
    "an order of both sides": (["--law", "Theta(1/t)"], "one side is judged at a time"),
    "law and bound": (["--law", LAW, "--envelope", "loss"], "both a law and a column"),
    "two forms at once": (["--law", LAW, "--json", "--latex"], "one form is printed at a time"),
    "no folder for a page": (["--law", LAW, "--page", "no/such/x.html"], "does not exist"),
    "a start beyond reason": (["--law", LAW, "--start", "inf"], "not finite|not positive"),
}
CLAIM_FILES: dict[str, tuple[str, str]] = {
    "nothing": ("", "it is no claim with fields"),
    "no claim in a list": ("[]", "it holds no claim"),
    "a word": ("t^-1", "it is no claim with fields"),
    "no law": ("constant: 3", "no law is given"),
    "a field that does not exist": ("law: 1/t\nconstnat: 3", "did you mean constant"),
    "a number in quotes": ("law: 1/t\nconstant: '3'", "constant is '3', no number"),
    "a number YAML reads as text": ("law: 1/t\nfloor: 1e-7", "floor is '1e-7', no number"),
    "a law that is a number": ("law: 3", "law is 3, no text"),
    "a side that does not exist": ("law: 1/t\nside: left", "side is 'left'"),
    "no truth value": ("law: 1/t\ntransient: maybe", "neither true nor false"),
    "tags": ("law: !!python/object/apply:os.system ['true']", "it has tags"),
    "no YAML": ("law: [1/t", "not YAML"),
    "the second of two": ("- law: 1/t\n- law: 1/q", "claim 2: 'q' is not known here"),
}


def one_line(err: str) -> bool:
    return err.startswith("error: ") and err.count("\n") == 1 and "; " in err


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_judged_is_told_in_one_line(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, arguments, told = FILES[name]
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    extra = [] if "--envelope" in arguments else ["--law", LAW]
    code, out, err = asked(capsys, *arguments, *extra)
    assert (code, out) == (2, "")
    assert one_line(err), err
    assert any(part in err for part in told.split("|")), err


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_cannot_be_judged_is_told_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, told = CLAIMS[name]
    code, out, err = asked(capsys, log(tmp_path / "x.csv", loss=Y), *arguments)
    assert (code, out) == (2, "")
    assert one_line(err), err
    assert any(part in err for part in told.split("|")), err


@pytest.mark.parametrize("name", CLAIM_FILES)
def test_a_file_of_claims_that_cannot_be_read_is_told_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, told = CLAIM_FILES[name]
    (tmp_path / "c.yaml").write_text(content)
    code, _, err = asked(
        capsys, log(tmp_path / "x.csv", loss=Y), "--claim", tmp_path / "c.yaml", "--no-settle"
    )
    assert code == 2
    assert one_line(err), err
    assert told in err
    assert "c.yaml" in err


def test_json_claims_are_read_as_yaml_ones_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = [{"law": "1/t", "text": "first"}, {"law": "t^-2", "column": ["loss"]}]
    (tmp_path / "c.json").write_text(json.dumps({"claims": claims}))
    code, out, _ = asked(
        capsys, log(tmp_path / "x.csv", loss=Y), "--claim", tmp_path / "c.json", "--no-settle"
    )
    assert code == 1
    assert "first" in out
    assert out.index("KEPT") < out.index("CONTRADICTED")
