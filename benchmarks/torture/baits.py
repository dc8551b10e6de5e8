"""Files that run code in whoever opens them without care; each would make the canary appear."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.sealing import seal

Make = Callable[[Path], object]


class _Bait:
    """Unpickled it opens the canary."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self) -> Any:
        return (open, (str(self.canary), "w"))


def every(canary: Path) -> Iterator[tuple[str, Make]]:
    """A name and a maker for each, sealed as who forges a record would seal it."""
    touch = f"open({str(canary)!r}, 'w').close()\n"
    pickled = pickle.dumps(_Bait(canary))
    array = np.array([_Bait(canary)], dtype=object)
    npy = io.BytesIO()
    np.save(npy, array, allow_pickle=True)
    npz = io.BytesIO()
    np.savez(npz, bait=array, allow_pickle=True)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as file:  # as torch.save writes
        file.writestr("archive/data.pkl", pickled)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(1 << 27))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        file.addfile(tarfile.TarInfo("../../canary"))
    notebook = {"cells": [{"cell_type": "code", "source": [touch]}]}
    for name, body in {
        "pickle": pickled, "torch": zipped.getvalue(), "npy": npy.getvalue(),
        "npz": npz.getvalue(), "zip bomb": bomb.getvalue(), "tar": tar.getvalue(),
        "gzip": gzip.compress(pickled), "script": touch.encode(),
        "notebook": json.dumps(notebook).encode(),
    }.items():  # fmt: skip
        yield f"{name} as the trajectory", _file("trajectory.nc", body)
        yield f"{name} as a corpus", _file("corpora/000.jsonl", body)
    tags = {
        "apply": f"!!python/object/apply:builtins.open [{canary}, w]",
        "new": f"!!python/object/new:builtins.open [{canary}, w]",
        "module": "!!python/module:antigravity",
        "name": "!!python/name:os.system",
    }
    for name, tag in tags.items():
        yield f"YAML tag {name}", _config(lambda text, tag=tag: f"{text}bait: {tag}\n")
    opens = {"_target_": "builtins.open", "_args_": [str(canary), "w"]}
    for name, value in {
        "_target_ as the optimizer": ("optimizer", opens),
        "_target_ as a name": ("name", {"_target_": "os.system", "command": f"touch {canary}"}),
        "a resolver": ("name", "${oc.env:HOME}"),
        "a resolver that creates": ("name", f"${{oc.create:{canary}}}"),
        "a module as the study": ("study", "evil"),
        "a path as the study": ("study", "../evil"),
        "a module as an observable": ("hooks", {"modules": ["evil.py"]}),
    }.items():  # fmt: skip
        yield name, _both(_file("evil.py", touch.encode()), _setting(*value))
    for name in (
        "numpy",
        "netCDF4",
        "json",
        "sitecustomize",
        "usercustomize",
        "conftest",
        "xarray",
    ):
        yield f"{name}.py beside the record", _file(f"{name}.py", touch.encode())
    yield (
        "a module among the inputs",
        _both(_file("corpora/__init__.py", touch.encode()), _file("task.py", touch.encode())),
    )
    yield "a path file", _file("bait.pth", f"import os; {touch}".encode())
    yield "overrides with resolvers", _override(f"name=${{oc.env:HOME}}{canary}")
    yield (
        "overrides with a target",
        _override(f"+x={{_target_: os.system, command: touch {canary}}}"),
    )


def _file(name: str, body: bytes) -> Make:
    def make(job: Path) -> None:
        (job / name).write_bytes(body)
        seal(job)

    return make


def _both(*makers: Make) -> Make:
    def make(job: Path) -> None:
        for each in makers:
            each(job)

    return make


def _config(change: Callable[[str], str]) -> Make:
    def make(job: Path) -> None:
        path = job / "config.yaml"
        path.write_text(change(path.read_text()))
        seal(job)

    return make


def _setting(key: str, value: Any) -> Make:
    return _config(lambda text: yaml.safe_dump({**yaml.safe_load(text), key: value}))


def _override(text: str) -> Make:
    def make(job: Path) -> None:
        path = job / "status.json"
        said = json.loads(path.read_text())
        path.write_text(json.dumps({**said, "overrides": [*said["overrides"], text]}))
        seal(job)
        os.utime(path)

    return make
