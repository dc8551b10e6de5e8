"""The same curve comes out of every kind of file, and what is left out on the way is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.curves.gather import Asked, read_curve
from ntp_dynamics.system.errors import UserError

T = np.arange(1, 31)
Y = np.array([1 / T, 2 / T])


def read(path: Path | list[Path], **asked: object) -> Curve:
    return read_curve(path if isinstance(path, list) else [path], Asked(**asked))[0]


def written(path: Path, names: str, *columns: object, mark: str = ",") -> Path:
    rows = zip(*columns, strict=True)
    path.write_text("\n".join([names, *(mark.join(map(str, row)) for row in rows)]) + "\n")
    return path


def as_csv(folder: Path) -> Path:
    return written(folder / "x.csv", "step,loss_0,loss_1", T, *Y)


def as_tsv(folder: Path) -> Path:
    return written(folder / "x.tsv", "step\tloss_0\tloss_1", T, *Y, mark="\t")


def as_spaces(folder: Path) -> Path:
    np.savetxt(folder / "x.txt", np.vstack([T, Y]).T, header="step loss_0 loss_1")
    return folder / "x.txt"


def as_bom_and_quotes(folder: Path) -> Path:
    rows = [f'"{t}","{a!r}","{b!r}"' for t, a, b in zip(T, *Y.tolist(), strict=True)]
    (folder / "x.csv").write_text("\n".join(['"step","loss_0","loss_1"', *rows]), "utf-8-sig")
    return folder / "x.csv"


def as_json_lines(folder: Path) -> Path:
    rows = [{"step": int(t), "loss_0": a, "loss_1": b} for t, a, b in zip(T, *Y, strict=True)]
    (folder / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder / "x.jsonl"


def as_json_list(folder: Path) -> Path:
    rows = [{"step": int(t), "loss_0": a, "loss_1": b} for t, a, b in zip(T, *Y, strict=True)]
    (folder / "x.json").write_text(json.dumps(rows))
    return folder / "x.json"


def as_trainer_state(folder: Path) -> Path:
    rows = [{"step": int(t), "loss_0": a, "loss_1": b} for t, a, b in zip(T, *Y, strict=True)]
    (folder / "x.json").write_text(json.dumps({"best": None, "log_history": rows}))
    return folder / "x.json"


def as_json_arrays(folder: Path) -> Path:
    (folder / "x.json").write_text(json.dumps({"t": T.tolist(), "y": Y.tolist()}))
    return folder / "x.json"


def as_npz(folder: Path) -> Path:
    np.savez(folder / "x.npz", step=T, loss=Y, seed=np.array(3))
    return folder / "x.npz"


def as_npz_transposed(folder: Path) -> Path:
    np.savez(folder / "x.npz", step=T, loss=Y.T)
    return folder / "x.npz"


def as_npy(folder: Path) -> Path:
    np.save(folder / "x.npy", np.vstack([T, Y]).T)
    return folder / "x.npy"


def as_netcdf(folder: Path) -> Path:
    with netCDF4.Dataset(folder / "x.nc", "w") as file:
        file.createDimension("run", 2)
        file.createDimension("step", T.size)
        file.createVariable("step", "i4", ("step",))[:] = T
        file.createVariable("loss", "f8", ("run", "step"))[:] = Y
    return folder / "x.nc"


def as_recorded_log(folder: Path) -> Path:
    """As the records of this lab hold it: in a group, its log, said by an attribute."""
    (folder / "record").mkdir()
    with netCDF4.Dataset(folder / "record" / "trajectory.nc", "w") as file:
        group = file.createGroup("attention")
        group.createDimension("run", 2)
        group.createDimension("step", T.size)
        group.createVariable("step", "i4", ("step",))[:] = T
        variable = group.createVariable("log_loss", "f8", ("run", "step"))
        variable[:] = np.log(Y)
        variable.log = 1
    return folder / "record"


WRITERS = [
    as_csv, as_tsv, as_spaces, as_bom_and_quotes, as_json_lines, as_json_list, as_trainer_state,
    as_json_arrays, as_npz, as_npz_transposed, as_npy, as_netcdf, as_recorded_log,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_two_runs_are_read_from_any_kind_of_file(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    curve = read(write(tmp_path))
    np.testing.assert_array_equal(curve.t, T)
    np.testing.assert_allclose(curve.y, Y, rtol=1e-15)
    assert len(set(curve.runs)) == 2
    assert curve.clock in ("step", "t", "c1")
    assert curve.notes == ()
    assert str(tmp_path) not in repr(curve)


def test_the_choice_of_columns_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "step,lr,loss,words", T, T, Y[0], ["a"] * T.size)
    assert read_curve([path])[1].told == "t = step, y = loss; others: lr"


def test_patterns_choose_several_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "step,a/loss,b/loss,acc", T, *Y, T)
    assert read(path, columns=("*/loss",)).runs == ("a/loss", "b/loss")


def test_the_last_part_of_a_name_is_enough_where_one_alone_has_it(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "step,a/norm,a/loss", T, *Y)
    assert read_curve([path])[1].y == ("a/loss",)
    assert read(path, columns=("norm",)).name == "a/norm"
    path = written(tmp_path / "y.csv", "step,a/loss,b/loss", T, *Y)
    with pytest.raises(UserError, match="which column is y"):
        read_curve([path])
    with pytest.raises(UserError, match="no column 'loss'"):
        read(path, columns=("loss",))


def test_files_are_runs_and_keep_their_names(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"s{i}.csv", "step,loss", T, y) for i, y in enumerate(Y)]
    curve = read(paths)
    assert curve.runs == ("s0.csv", "s1.csv")
    np.testing.assert_array_equal(curve.y, Y)


def test_a_long_table_is_parted_by_a_column(tmp_path: Path) -> None:
    seeds = np.repeat([7, 9], T.size)
    path = written(tmp_path / "x.csv", "seed,step,loss", seeds, np.tile(T, 2), Y.ravel())
    curve = read(path, by="seed")
    assert curve.runs == ("seed 7", "seed 9")
    np.testing.assert_array_equal(curve.y, Y)


def test_rows_of_a_long_table_may_be_interleaved(tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.csv", "step,seed,loss", np.repeat(T, 2), [7, 9] * T.size, Y.T.ravel()
    )
    np.testing.assert_array_equal(read(path, by="seed").y, Y)


def test_runs_are_compared_where_all_were_recorded_and_the_short_one_is_named(
    tmp_path: Path,
) -> None:
    whole = written(tmp_path / "whole.csv", "step,loss", T, Y[0])
    even = written(tmp_path / "even.csv", "step,loss", T[1:21:2], Y[1][1:21:2])
    curve = read([whole, even])
    np.testing.assert_array_equal(curve.t, T[1:21:2])
    assert curve.notes == (
        "even.csv ends at step 20, the longest at 30",
        "the runs have 10 places of step in common, of up to 30",
    )


def test_a_missing_cell_is_dropped_and_a_broken_value_stays(tmp_path: Path) -> None:
    cells = ["1", "", "nan", "0.2", *map(str, Y[0][4:])]
    curve = read(written(tmp_path / "x.csv", "step,loss", T, cells))
    np.testing.assert_array_equal(curve.t, T[T != 2])
    assert np.isnan(curve.y[0, 1])
    assert np.isnan(curve.y).sum() == 1
    assert curve.notes == ("1 rows without loss are left out",)


def test_step_zero_is_left_out_and_said(tmp_path: Path) -> None:
    curve = read(written(tmp_path / "x.csv", "step,loss", T - 1, Y[0]))
    assert curve.t[0] == 1
    assert curve.notes == ("step 0 is left out: laws speak of positive step",)


def test_after_a_restart_what_was_logged_later_counts(tmp_path: Path) -> None:
    steps = [*range(1, 21), *range(15, 31)]
    values = [1.0] * 20 + [2.0] * 16
    curve = read(written(tmp_path / "x.csv", "step,loss", steps, values))
    np.testing.assert_array_equal(curve.t, T)
    np.testing.assert_array_equal(curve.y[0], np.where(T < 15, 1.0, 2.0))
    assert "goes back once, first to 15" in curve.notes[0]
    assert "6 rows do not" in curve.notes[0]


def test_a_restart_between_recorded_steps_leaves_out_what_came_after_it(tmp_path: Path) -> None:
    steps = [*range(10, 101, 10), *range(75, 156, 10)]
    curve = read(written(tmp_path / "x.csv", "step,loss", steps, [1.0] * 10 + [2.0] * 9))
    np.testing.assert_array_equal(curve.t, [*range(10, 71, 10), *range(75, 156, 10)])


def test_shuffled_and_backward_rows_are_put_in_order(tmp_path: Path) -> None:
    shuffled = np.random.default_rng(0).permutation(T.size)
    for order, word in ((shuffled, "sorted"), (np.arange(T.size)[::-1], "backwards")):
        curve = read(written(tmp_path / "x.csv", "step,loss", T[order], Y[0][order]))
        np.testing.assert_array_equal(curve.y[0], Y[0])
        assert word in curve.notes[0]


def test_a_file_that_is_being_written_loses_only_its_last_row(tmp_path: Path) -> None:
    path = as_csv(tmp_path)
    path.write_text(path.read_text().rsplit(",", 1)[0])
    curve = read(path)
    np.testing.assert_array_equal(curve.t, T[:-1])
    assert "cut short" in curve.notes[0]
    lines = as_json_lines(tmp_path)
    lines.write_text(lines.read_text()[:-9])
    curve = read(lines)
    np.testing.assert_array_equal(curve.t, T[:-1])
    assert "cut short" in curve.notes[0]


def test_a_header_that_was_written_again_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "step,loss", T[:10], Y[0][:10])
    with path.open("a") as file:
        file.write("step,loss\n" + "".join(f"{t},{1 / t}\n" for t in T[10:]))
    curve = read(path)
    np.testing.assert_array_equal(curve.t, T)
    assert "written again" in curve.notes[0] or "appended" in curve.notes[0]


def test_rows_with_other_keys_are_read_by_key(tmp_path: Path) -> None:
    rows = [x for t in T.tolist() for x in ({"step": t, "train": {"loss": 1 / t}}, {"lr": 0.1})]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    curve = read(tmp_path / "x.jsonl")
    assert curve.name == "train/loss"
    np.testing.assert_array_equal(curve.t, T)


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(as_csv(tmp_path))
    assert read(tmp_path / "link.csv").source == "link.csv"


def test_fractional_steps_are_places_on_a_clock_without_ticks(tmp_path: Path) -> None:
    assert read(written(tmp_path / "x.csv", "step,loss", T / 2, Y[0])).clock == "t"


def test_bounds_are_read_beside_y(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "step,loss,bound", T, *Y)
    curve = read(path, columns=("loss",), bounds=("bound",))
    np.testing.assert_array_equal(curve.bounds["bound"], Y[1:])


def test_seeds_that_stand_one_below_another_are_never_taken_for_a_restart(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "seed,step,loss", [1] * 30 + [2] * 30, [*T, *T], Y.ravel())
    with pytest.raises(UserError, match="--by"):
        read(path)


def test_a_value_that_netcdf_holds_as_missing_is_dropped(tmp_path: Path) -> None:
    path = as_netcdf(tmp_path)
    with netCDF4.Dataset(path, "a") as file:
        file["loss"][0, 4] = np.ma.masked
    curve = read(path)
    np.testing.assert_array_equal(curve.t, T[T != 5])
    assert not np.isnan(curve.y).any()


def test_rows_of_two_runs_are_several_runs_also_where_their_first_step_is_logged_once(
    tmp_path: Path,
) -> None:
    steps = np.repeat(T, 2)[1:]
    with pytest.raises(UserError, match="--by"):
        read(written(tmp_path / "x.csv", "step,loss", steps, 1 / steps))
