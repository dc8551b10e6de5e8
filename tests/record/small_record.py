"""A small record, what to look for in one, and how to break it."""

import numpy as np
import xarray

STATUS = {"state": "running", "overrides": [], "reason": None}
DONE = STATUS | {"state": "done"}
FILES = {
    "config.yaml": "runs: 2\n",
    "corpora/000.jsonl": '{"vocab": ["é"]}\n',
    "verdicts.json": '{"claims": []}\n',
    "log.txt": "done\n",
    "figures/panels.png": "not really a picture",
}
KINDS = [*FILES, "trajectory.nc", "status.json"]
STEP = np.arange(40)
LOSS = np.outer([1.0, np.nan, -3.0], np.exp(-STEP / 7))


def tree(loss=LOSS):
    """A trajectory of three runs and 40 steps, those of one run not numbers."""
    stage = xarray.Dataset({"loss": (("run", "step"), loss, {"units": "nat"})}, {"step": STEP})
    padded = np.array([[0, 1], [2, -1]], dtype=np.int32)
    root = xarray.Dataset({"token_id": (("corpus", "token"), padded)}, attrs={"format": 1})
    return xarray.DataTree.from_dict({"/": root, "/attention": stage})


def contents(directory):
    """Every file below a directory but claims, temporary and hidden ones included, with its
    bytes."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.name != "CLAIM")
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def is_one_line(error):
    return str(error).splitlines() == [str(error)] and error.remedy


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return
    if how == "truncated":
        content = content[:-1]
    elif how == "emptied":
        content.clear()
    elif how == "grown":
        content += b"\n"
    elif how == "zeroed":
        content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    elif how == "a flipped bit":
        content[len(content) // 3] ^= 1
    path.write_bytes(content)
