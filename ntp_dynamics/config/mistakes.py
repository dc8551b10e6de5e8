"""What Hydra complains of, as a user's mistakes: where, what, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ntp_dynamics.config.arguments import ASSIGNMENT, parsed, pasted, readable, text_keys
from ntp_dynamics.config.directory import config_dir, experiments
from ntp_dynamics.config.files import (
    EXPERIMENT,
    chosen,
    misnamed,
    unfound,
    where_set,
    without_schema,
)
from ntp_dynamics.config.schema import STUDY, every_group, schemas
from ntp_dynamics.config.validate import nearest_key
from ntp_dynamics.system.errors import UserError

COMPLAINTS = (HydraException, OmegaConfBaseException, YAMLError, ValueError, OSError)
"""What Hydra raises over a configuration; a byte that is no text is a ValueError."""


@cache
def texts() -> dict[str, bool]:
    """The keys that hold a text (False) or a list of texts (True), Hydra's own too."""
    keys = text_keys(HydraConf, "hydra.")
    for schema in schemas().values():
        keys |= text_keys(schema)
    for group, choices in every_group().items():
        for choice in choices.values():
            keys |= text_keys(choice, f"{group}.")
    return keys


def as_typed(overrides: Sequence[str], sweep: bool = False) -> list[str]:
    """The overrides, texts in them quoted where Hydra's grammar needs it."""
    return [readable(override, texts(), sweep) for override in overrides]


def grammatical(overrides: Sequence[str]) -> tuple[list[Override], list[UserError]]:
    """The overrides as Hydra reads them, and those that it cannot read."""
    found, errors = [], []
    for override in overrides:
        try:
            reading = parsed(override)
            lost = unfound(reading) if reading.key_or_group else [_malformed(override)]
            found += [] if lost else [reading]
            errors += lost
        except HydraException:
            errors.append(_malformed(override))
    return found, errors


def _malformed(override: str) -> UserError:
    where = override.partition("=")[0].strip() or repr(override)
    if "=" not in override or not ASSIGNMENT.fullmatch(override):
        return UserError(where, "it is not a valid override", "write key=value")
    if re.fullmatch(r".*=.*,\s*", override, re.DOTALL):
        return UserError(where, "it ends with a comma", "write key=a,b,c to sweep")
    what = "its value is not one that Hydra reads"
    return UserError(where, what, "write a number, a name, or a list [a,b]")


def _sides(override: str) -> tuple[str, str]:
    key, _, text = override.partition("=")
    return key.strip(), text


def several(override: Override) -> UserError:
    """Of a job on its own: a key with several values."""
    key, text = _sides(str(override.input_line))
    remedy = "sweep with -m, or write a list [a,b]"
    if texts().get(key) is False:
        remedy = f"sweep with -m, or write {pasted(key, text)}"
        if key.startswith("hydra"):
            remedy = f"write {pasted(key, text)}"
    return UserError(override.key_or_group, "it has several values", remedy)


def explain(error: BaseException, overrides: Sequence[str], search: Sequence[str]) -> UserError:
    """Hydra's complaint: where, what, what to do; a key of a user's file with file and line."""
    readings = [parsed(override) for override in overrides]
    text = "\n".join(map(str, _chain(error)))
    told = _explained(text, overrides, readings, search)
    if any(told.where == reading.key_or_group for reading in readings):
        return told
    place = where_set(search, readings, told.where)
    return UserError(place, f"{told.where}: {told.what}", told.remedy) if place else told


def _explained(
    text: str, overrides: Sequence[str], readings: Sequence[Override], search: Sequence[str]
) -> UserError:
    if match := re.search(r"Could not override '([^']+)'|Key '\S+' .*\n\s*full_key: (\S+)", text):
        return _unknown(match[1] or match[2], readings, search)
    if match := re.search(r"(?:not a ListConfig|to list)(?s:.*?)full_key: (\S+)", text):
        key = match[1]
        mine = next((o for o in overrides if o.startswith(f"{key}=")), "")
        remedy = f"write {key}=[{_sides(mine)[1]}]" if mine else f"write {key}=[a,b]"
        return UserError(key, "it is a list", remedy)
    if "file extension '.yml'" in text:  # Hydra 1.4, whichever name was asked for
        for group in (EXPERIMENT, STUDY, *every_group()):
            if found := misnamed(search, group):
                return found
    if match := re.search(r"Could not find '(.+)/([^/']+)'", text):
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return _no_choice(match[1], match[2], options, readings, search)
    if match := re.search(r"config group '([^']+)' does not exist", text):
        return UserError(match[1], "there is no such group", "ntp-train --help lists them")
    if match := re.search(r"field '\S+' is not Optional\n\s*full_key: (\S+)", text):
        return UserError(match[1], "it cannot be null", "give it a value, or leave it out")
    if match := re.search(r"(?:does not support deletion|Cannot assign|Invalid type)", text):
        return _of_another_kind(text)
    if match := re.search(r"(Value .*|Invalid value .*)\n\s*full_key: (\S+)", text):
        what, _, remedy = match[1].partition(", ")
        return UserError(match[2], what[0].lower() + what[1:], remedy or "see ntp-train --help")
    for override, reading in zip(overrides, readings, strict=True):
        choice = reading.key_or_group in {EXPERIMENT, STUDY, *every_group()}
        if override in text or (choice and not isinstance(reading.value(), str | list)):
            remedy = "write key=value, and quote values with special characters"
            return UserError(_sides(override)[0], "it is not a valid override", remedy)
    if match := re.search(r"In '([^']+)': \w+ raised while composing config:\n(.+)", text):
        return UserError(f"{match[1]}.yaml", match[2], "see ntp-train --help")
    first = next((line.strip() for line in text.splitlines() if line.strip()), "it is not valid")
    return UserError("config", first, "see ntp-train --help")


def _unknown(key: str, overrides: Sequence[Override], search: Sequence[str]) -> UserError:
    given = any(o.key_or_group == key for o in overrides)
    if not given and (path := without_schema(search, overrides, key)):
        group = key.split(".")[0]
        remedy = (
            f"begin it with `defaults: [/schema/{group}/{next(iter(every_group()[group]))}@_here_]`"
        )
        return UserError(str(path), "it names no schema", remedy)
    return UserError(key, "unknown key", nearest_key(key, schemas(), every_group()))


def _of_another_kind(text: str) -> UserError:
    key = next(iter(re.findall(r"full_key: (\S+)", text)), "config")
    if "does not support deletion" in text:
        return UserError(f"~{key}", "it cannot be removed", f"give it a value: {key}=...")
    return UserError(key, "it holds keys, not a value", f"set one of them: {key}.KEY=...")


def _no_choice(
    group: str,
    name: str,
    options: list[str],
    overrides: Sequence[Override],
    search: Sequence[str],
) -> UserError:
    """A config group has no such choice."""
    asked = {str(o.value()) for o in overrides if o.key_or_group == EXPERIMENT}
    if f"{group}/{name}".removeprefix(f"{EXPERIMENT}/") in asked:  # one of a study's own
        name = f"{group}/{name}".removeprefix(f"{EXPERIMENT}/")
        options = experiments([config_dir(), *map(Path, search)])
        group = EXPERIMENT
    if group.startswith(f"{EXPERIMENT}/"):
        path = next(chosen(search, overrides, {EXPERIMENT}), EXPERIMENT)
        group = group.partition("/")[2]
        what = f"its defaults look for {group} below {EXPERIMENT}/"
        return UserError(str(path), what, f"write `override /{group}: NAME` there")
    if found := misnamed(search, group, name):
        return found
    what = f"{name!r} is not one of its options"
    if group == "hydra/launcher" and name == "joblib":
        return UserError(group, "joblib is not installed", "pip install hydra-joblib-launcher")
    near = get_close_matches(name, options, n=1)
    options = list(dict.fromkeys(options))
    few = f"choose {', '.join(options)}" if 0 < len(options) <= 8 else "ntp-train --help lists them"
    return UserError(group, what, f"did you mean {near[0]!r}?" if near else few)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def beside(where: str, overrides: Sequence[str]) -> list[str]:
    """The overrides that say nothing of a mistake, or of what hangs on it: below a group whose
    choice is none, every key is unknown."""
    every = [*every_group()]
    groups = {EXPERIMENT: every, STUDY: every}.get(where, [where] if where in every else [])
    heads = tuple(f"{group}." for group in groups)
    keys = {override: parsed(override).key_or_group for override in overrides}
    mine = where.lstrip("~")
    return [o for o, key in keys.items() if key != mine and not key.startswith(heads)]
