"""Composing a configuration with Hydra, and telling its errors in one line."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.initialize import get_gh_backup, restore_gh_from_backup
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from ntp_dynamics.config import GROUPS, Config, FileDataset, Stage, register_schemas
from ntp_dynamics.conflicts import check_conflicts
from ntp_dynamics.data.draw import draw_corpora, draw_embeddings, streams
from ntp_dynamics.data.realizable import require_collocation
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.validate import nearest_key, validate

register_schemas()


def config_dir() -> Path:
    """`conf/`: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


OmegaConf.register_new_resolver(
    "corpus", lambda name: str(config_dir() / "corpora" / f"{name}.jsonl"), replace=True
)
"""`${corpus:NAME}`: a corpus that comes with the experiments, as `dataset.path`."""


def compose_job(overrides: Sequence[str], search: Sequence[str] = ()) -> DictConfig:
    """The composed config of one job, Hydra's own node included.  Raises UserError.

    Also while Hydra itself runs: what it is at is put aside.
    """
    running = get_gh_backup()
    GlobalHydra.instance().clear()
    try:
        return _compose(overrides, search)
    finally:
        restore_gh_from_backup(running)


def _compose(overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    places = [quoted(f"file://{Path(directory).resolve()}") for directory in search]
    path = [f"hydra.searchpath=[{','.join(places)}]"]
    try:
        with initialize_config_dir(config_dir=str(config_dir()), version_base="1.3"):
            return compose(
                "config", [*overrides, *(path if search else [])], return_hydra_config=True
            )
    except (HydraException, OmegaConfBaseException) as error:
        raise _explain(error, overrides) from error


def read_config(composed: DictConfig) -> Config:
    """Validate a composed config, Hydra's own node aside.  Raises UserErrors, all at once."""
    if "hydra" in composed:
        composed = composed.copy()
        with open_dict(composed):
            composed.pop("hydra")
    config = validate(composed)
    check_conflicts(config)
    return config


class Composer:
    """The configurations of many jobs, validated.

    Hydra takes a tenth of a second to compose one.  Jobs that choose the same groups differ only in
    values, which Hydra's own function sets on a copy of what is composed once.
    """

    def __init__(self, search: Sequence[str] = (), overrides: Sequence[str] = ()):
        self.search = search
        self.places = [o for o in overrides if o.startswith("hydra.searchpath")]
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._checked: dict[tuple[str, ...], Config] = {}

    def check(self, overrides: Sequence[str]) -> Config:
        """The configuration of a job that will ask for it.  Raises UserError or UserErrors."""
        config = self._checked[_of_the_job(overrides)] = self.config(overrides)
        return config

    def config(self, overrides: Sequence[str]) -> Config:
        """The configuration of one job.  Raises UserError or UserErrors."""
        if checked := self._checked.pop(_of_the_job(overrides), None):
            return checked
        composed = None
        with suppress(HydraException, OmegaConfBaseException, UserError):
            composed = self._set(overrides)
        if composed is None:  # something is wrong, which this explains
            composed = compose_job([*self.places, *overrides], self.search)
        return read_config(composed)

    def _set(self, overrides: Sequence[str]) -> DictConfig:
        parsed = [_parsed(override) for override in _of_the_job(overrides)]
        values = [o for o in parsed if _is_value(o)]
        choices = tuple(str(o.input_line) for o in parsed if not _is_value(o))
        if choices not in self._composed:
            composed = compose_job([*self.places, *choices], self.search)
            with open_dict(composed):
                composed.pop("hydra")
            self._composed[choices] = composed
        composed = copy.deepcopy(self._composed[choices])
        ConfigLoaderImpl._apply_overrides_to_config(values, composed)
        return composed


def _of_the_job(overrides: Sequence[str]) -> tuple[str, ...]:
    """Those that are not about Hydra itself."""
    return tuple(o for o in overrides if not o.lstrip("+~").startswith("hydra"))


@cache
def _parsed(override: str) -> Override:
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed


def _is_value(override: Override) -> bool:
    """Whether an override sets a value of the job, and chooses no config file."""
    key = override.key_or_group
    named = key.split(".")[0] in {field.name for field in fields(Config)}
    return named and key not in GROUPS and "@" not in key and not override.is_delete()


def check_inputs(config: Config) -> None:
    """Look at the files a job needs: its corpus, its modules of observables.  Raises UserError."""
    if isinstance(config.dataset, FileDataset):
        (corpus, *_) = draw_corpora(config, streams(config))
        draw_embeddings(config, streams(config), corpus.vocab_size)
        if Stage.joint not in config.train.stages:
            require_collocation(corpus, str(config.dataset.path))
    if config.hooks.modules:
        from ntp_dynamics.observe.modules import load_observables  # takes torch along

        load_observables(config.hooks.modules)


def quoted(value: object) -> str:
    """A value that Hydra's override grammar reads as it stands."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _explain(error: BaseException, overrides: Sequence[str]) -> UserError:
    """Hydra's first complaint: where, what, what to do."""
    text = "\n".join(map(str, _chain(error)))
    if match := re.search(r"Could not override '([^']+)'|Key '\S+' .*\n\s*full_key: (\S+)", text):
        key = match[1] or match[2]
        return UserError(key, "unknown key", nearest_key(key, Config, GROUPS))
    if match := re.search(r"Ambiguous value for argument '([^=']+)=", text):
        return UserError(match[1], "it has several values", "sweep with -m, or write a list [a,b]")
    if match := re.search(r"(?:not a ListConfig|to list)(?s:.*?)full_key: (\S+)", text):
        return UserError(match[1], "it is a list", f"write {match[1]}=[a,b]")
    if match := re.search(r"Could not find '(.+)/([^/']+)'", text):
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        choice = _choices(match[2], options)
        return UserError(match[1], f"{match[2]!r} is not one of its options", choice)
    if match := re.search(r"(Value .*|Invalid value .*)\n\s*full_key: (\S+)", text):
        what, _, remedy = match[1].partition(", ")
        return UserError(match[2], what[0].lower() + what[1:], remedy or "see ntp-train --help")
    for override in overrides:
        if override in text:
            remedy = "write key=value, and quote values with special characters"
            return UserError(override, "it is not a valid override", remedy)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "it is not valid")
    return UserError("config", first, "see ntp-train --help")


def _choices(wrong: str, options: Sequence[str]) -> str:
    """What to choose instead: the nearest option, or all where they are few."""
    if near := get_close_matches(wrong, options, n=1):
        return f"did you mean {near[0]!r}?"
    few = 0 < len(options) <= 8
    return f"choose {', '.join(options)}" if few else "ntp-train --help lists them"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
