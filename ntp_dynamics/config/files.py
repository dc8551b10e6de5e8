"""Config files of a user's own (`--config-dir`): what can be wrong with them, by file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from hydra.core.override_parser.types import Override
from yaml.reader import ReaderError

from ntp_dynamics.config.hydra_private import get_yaml_loader, header_of
from ntp_dynamics.config.schema import STUDY, every_group
from ntp_dynamics.system.errors import UserError

EXPERIMENT = "experiment"
HEADER = "# @package _global_"


def broken_files(search: Sequence[str]) -> list[UserError]:
    """The config files below these directories that Hydra could not read, an error each."""
    paths = [path for place in search for path in sorted(Path(place).glob("**/*.yaml"))]
    return [error for path in paths if path.is_file() and (error := _broken(path))]


def _broken(path: Path) -> UserError | None:
    """Why a file is not YAML that holds keys."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return UserError(str(path), (error.strerror or "unreadable").lower(), "make it readable")
    try:
        text = data.decode()
        yaml.compose(text, yaml.SafeLoader)  # says more than the one in C, which OmegaConf may take
        found = yaml.load(text, Loader=get_yaml_loader())
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        return UserError(_at(path, data.count(b"\n", 0, error.start)), what, "save it as UTF-8")
    except ReaderError as error:
        line = data.decode().count("\n", 0, error.position)
        what = f"it holds the character U+{error.character:04X}"
        return UserError(_at(path, line), what, "remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join((error.problem or error.context or "it is not YAML").split())
        remedy = "indent with spaces" if "\\t" in what else "mend the YAML"
        return UserError(_at(path, mark.line if mark else 0), what, remedy)
    except yaml.YAMLError as error:
        return UserError(str(path), str(error).splitlines()[0], "mend the YAML")
    if found is None or isinstance(found, dict):
        return None
    return UserError(str(path), f"it holds a {type(found).__name__}, not keys", "write key: value")


def unusable(search: Sequence[str], overrides: Sequence[Override]) -> list[UserError]:
    """What is wrong with the files chosen: not YAML, or an experiment whose keys would land under
    `experiment`."""
    errors = []
    for path in chosen(search, overrides, {EXPERIMENT, STUDY, *every_group()}):
        error = _broken(path)
        if not error and path.parent.name == EXPERIMENT:
            error = _misplaced(path)
        errors += [error] if error else []
    return errors


def _misplaced(path: Path) -> UserError | None:
    text = path.read_text(encoding="utf-8")
    if text.startswith("\ufeff"):
        what = "it begins with a byte order mark"
        return UserError(str(path), what, "save it as UTF-8 without one")
    try:
        package = header_of(text)["package"]
    except ValueError:
        package = None
    if package == "_global_":
        return None
    what = f"its first line is not `{HEADER}`"
    return UserError(str(path), what, "add it, or its keys belong to no job")


def unfound(override: Override) -> list[UserError]:
    """The directories of `hydra.searchpath` that do not exist."""
    value = override.value()
    if override.key_or_group != "hydra.searchpath" or not isinstance(value, list):
        return []
    places = [str(place) for place in value if not str(place).startswith("pkg://")]
    return [
        UserError(place, "it is not a directory", "give one with config files, or leave it out")
        for place in places
        if not Path(place.removeprefix("file://")).is_dir()
    ]


def without_schema(search: Sequence[str], overrides: Sequence[Override], key: str) -> Path | None:
    """The file chosen for the group of a key where it names no schema, nor another choice."""
    group = key.split(".")[0]
    for path in chosen(search, overrides, {group} & set(every_group())):
        if "defaults:" not in path.read_text(encoding="utf-8"):
            return path
    return None


def chosen(
    search: Sequence[str], overrides: Sequence[Override], groups: set[str]
) -> Iterator[Path]:
    """The files below these directories that overrides choose for these groups."""
    for override in overrides:
        if override.key_or_group in groups and not override.is_delete():
            for place in search:
                path = Path(place) / override.key_or_group / f"{override.value()}.yaml"
                if path.is_file():
                    yield path


def misnamed(search: Sequence[str], group: str, name: str | None = None) -> UserError | None:
    """The first file of a group, or of a choice of it, that Hydra reads by no name."""
    for place in search:
        for path in sorted((Path(place) / group).glob("*.yml")):
            if name in (None, path.stem):
                return UserError(str(path), "Hydra reads names that end in .yaml", "rename it")
    return None


def where_set(search: Sequence[str], overrides: Sequence[Override], key: str) -> str | None:
    """File and line of the experiment chosen that sets a key, as far as text can tell."""
    last = key.split(".")[-1]
    for path in chosen(search, overrides, {EXPERIMENT, STUDY, *every_group()}):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if line.strip().lstrip("{").startswith(f"{last}:"):
                return _at(path, number)
    return None


def _at(path: Path, line: int) -> str:
    """A place in a file, lines counted from 0 here and from 1 there."""
    return f"{path}:{line + 1}"
