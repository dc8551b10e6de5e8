"""What two records differ in: what is new in the second, and what of the first is no longer so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

APART = {"config.yaml", "status.json", "log.txt", "MANIFEST.json", "CLAIM"}
"""Files of a job that are no record bytes: they hold times, names, paths."""


@dataclass
class Difference:
    """`added` and `changed`, each a place in a record and what is there."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    """Files that hold the same in other bytes."""
    largest: float = 0.0
    """The largest relative difference of a number."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.restored)


def compare(old: Path, new: Path) -> Difference:
    """The record bytes of two directories: by SHA-256, and value by value where that differs."""
    found = Difference()
    before, after = record_files(old), record_files(new)
    _names("file", before, after, found)
    for name in sorted(before & after):
        ours, theirs = old / name, new / name
        if _digest(ours) == _digest(theirs):
            continue
        inside = Difference()
        readers = {".nc": _netcdf, ".json": _json, ".jsonl": _json_lines}
        reader = readers.get(ours.suffix)
        if reader is None:
            inside.changed.append("other bytes")
        else:
            reader(ours, theirs, inside)
        if not inside:
            found.restored.append(name)
        found.added += [f"{name}: {text}" for text in inside.added]
        found.changed += [f"{name}: {text}" for text in inside.changed]
        found.largest = max(found.largest, inside.largest)
    return found


def record_files(directory: Path) -> set[str]:
    """The files that are record bytes."""
    names = (path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    return {str(n) for n in names if n.name not in APART and n.parts[0] != "figures"}


def values(place: str, old: Any, new: Any, found: Difference) -> None:
    """Plain values of JSON; an object that gains keys, or a list of objects with an `id` that
    gains some, is added to.  A number is what its digits say: nan equals nan, 1 is not 1.0."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        _names(f"{place}key", old, new, found)
        for key in [key for key in old if key in new]:
            values(f"{place}{key}.", old[key], new[key], found)
    elif isinstance(old, list) and isinstance(new, list):
        ours, theirs = _by_id(old), _by_id(new)
        if ours is not None and theirs is not None:
            values(place, ours, theirs, found)
        elif len(old) != len(new):
            found.changed.append(f"{place[:-1]}: {len(old)} entries are {len(new)}")
        else:
            for i, pair in enumerate(zip(old, new, strict=True)):
                values(f"{place}{i}.", *pair, found)
    elif json.dumps(old) != json.dumps(new):
        how = f"{old!r} is {new!r}"
        if {type(old), type(new)} <= {int, float}:
            how += f" ({_far(np.array(old), np.array(new), found)})"
        found.changed.append(f"{place[:-1]}: {how}")


def relative(old: np.ndarray, new: np.ndarray) -> float:
    """The largest |new - old| / |old|; infinite where one of them only is finite."""
    with np.errstate(all="ignore"):
        old, new = np.asarray(old, float), np.asarray(new, float)
        same = (old == new) | (np.isnan(old) & np.isnan(new))
        far = np.where(same, 0.0, np.abs(new - old) / np.abs(old))
    return float(np.max(np.where(np.isnan(far), np.inf, far), initial=0.0))


def _far(old: np.ndarray, new: np.ndarray, found: Difference) -> str:
    far = relative(old, new)
    found.largest = max(found.largest, far)
    return f"relative difference {far:.1e}"


def _names(what: str, old: Iterable[str], new: Iterable[str], found: Difference) -> None:
    found.added += [f"{what} {name}" for name in sorted(set(new) - set(old))]
    found.changed += [f"{what} {name} is gone" for name in sorted(set(old) - set(new))]


def _by_id(items: list[Any]) -> dict[str, Any] | None:
    """Objects by `id` and `version`; None where that does not tell them apart."""
    if not items or not all(isinstance(x, dict) and "id" in x for x in items):
        return None
    named = {f"{x['id']} ({x.get('version', '')})": x for x in items}
    return named if len(named) == len(items) else None


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _json(old: Path, new: Path, found: Difference) -> None:
    values("", json.loads(old.read_text()), json.loads(new.read_text()), found)


def _json_lines(old: Path, new: Path, found: Difference) -> None:
    ours, theirs = ([json.loads(x) for x in p.read_text().splitlines()] for p in (old, new))
    values("line ", ours, theirs, found)


def _netcdf(old: Path, new: Path, found: Difference) -> None:
    from netCDF4 import Dataset

    with Dataset(old) as ours, Dataset(new) as theirs:
        for dataset in (ours, theirs):
            dataset.set_auto_maskandscale(False)
        _group("", ours, theirs, found)


def _group(place: str, old: Any, new: Any, found: Difference) -> None:
    _attributes(place or "root", old, new, found)
    _names(f"{place}variable", old.variables, new.variables, found)
    _names(f"{place}group", old.groups, new.groups, found)
    for name in [name for name in old.variables if name in new.variables]:
        _variable(f"{place}{name}", old.variables[name], new.variables[name], found)
    for name in [name for name in old.groups if name in new.groups]:
        _group(f"{place}{name}/", old.groups[name], new.groups[name], found)


def _variable(place: str, old: Any, new: Any, found: Difference) -> None:
    _attributes(place, old, new, found)
    ours, theirs = np.asarray(old[...]), np.asarray(new[...])
    kinds = [(v.dimensions, v.dtype, x.shape) for v, x in ((old, ours), (new, theirs))]
    if kinds[0] != kinds[1]:
        found.changed.append(f"{place}: {_kind(*kinds[0])} is {_kind(*kinds[1])}")
    elif ours.dtype.kind in "OSU":
        if ours.tolist() != theirs.tolist():
            found.changed.append(f"{place}: other texts")
    elif ours.tobytes() != theirs.tobytes():
        found.changed.append(f"{place}: {_far(ours, theirs, found)}")


def _kind(dimensions: tuple[str, ...], dtype: Any, shape: tuple[int, ...]) -> str:
    sizes = ", ".join(f"{d} {n}" for d, n in zip(dimensions, shape, strict=True))
    return f"{dtype} ({sizes})"


def _attributes(place: str, old: Any, new: Any, found: Difference) -> None:
    ours, theirs = ({k: x.getncattr(k) for k in x.ncattrs()} for x in (old, new))
    _names(f"{place}: attribute", ours, theirs, found)
    for name in sorted(ours.keys() & theirs.keys()):
        one, other = np.asarray(ours[name]), np.asarray(theirs[name])
        if one.dtype == other.dtype and one.tobytes() == other.tobytes():
            continue
        words, more = str(ours[name]).split(), str(theirs[name]).split()
        if name == "coordinates" and set(words) <= set(more):  # xarray's list of names
            found.added += [f"{place}: coordinate {x}" for x in more if x not in words]
        else:
            found.changed.append(f"{place}: attribute {name}: {ours[name]!r} is {theirs[name]!r}")
