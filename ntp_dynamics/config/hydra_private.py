"""What the lab uses of Hydra and OmegaConf that they do not promise to keep, and where their
versions differ.

All of it is looked for when this is imported: a version that lacks a part is answered in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

ALLOWED = "hydra-core>=1.3.8,<1.5"
"""As in pyproject.toml."""

BEFORE_1_4 = version("hydra-core").startswith("1.3.")

try:
    from hydra._internal import config_loader_impl
    from hydra._internal.core_plugins import basic_sweeper
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path, get_args_parser, run_and_report
    from hydra.core.config_store import ConfigNode, ConfigStore
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.utils import configure_log
    from hydra.initialize import get_gh_backup, restore_gh_from_backup
    from hydra.plugins.config_source import ConfigSource
    from omegaconf import DictConfig, Node, OmegaConf, basecontainer

    apply_overrides = config_loader_impl.ConfigLoaderImpl._apply_overrides_to_config
    header_of = ConfigSource._get_header_dict
    get_yaml_loader: Any = basecontainer.get_yaml_loader  # pyright: ignore
    _dirname: Any = config_loader_impl.get_overrides_dirname if BEFORE_1_4 else None
    # used where they are: a scan for plugins makes the class of a sweeper anew
    _ = basic_sweeper.BasicSweeper, DictConfig._get_node, Node._value
    if version("omegaconf").startswith("2.3."):
        register_resolver: Any = OmegaConf.register_new_resolver
    else:  # which has it under the name of an older function
        register_resolver = OmegaConf.register_resolver
except (ImportError, AttributeError) as error:
    installed = f"hydra-core {version('hydra-core')} with omegaconf {version('omegaconf')}"
    what = f"the lab does not know this version: {str(error).partition(' (')[0]}"
    raise UserError(installed, what, f"pip install '{ALLOWED}'") from error

VERSION_BASE: dict[str, Any] = {"version_base": "1.3"} if BEFORE_1_4 else {}
"""Hydra 1.3 wants to hear whose defaults are meant; 1.4 has one set of them, and would warn."""


TASK = "command"
"""What Hydra calls a job of ours: `hydra.job.name`."""


class _Schema(ConfigNode):
    """An entry of Hydra's store that reads a dataclass when it is asked for: of all studies' few
    are, and reading one takes milliseconds."""

    def __init__(self, group: str, name: str, schema: type):
        self.name, self.group = f"{name}.yaml", group
        self.package, self.provider = None, "ntp-dynamics"
        self.schema = schema

    def __getattr__(self, name: str) -> Any:
        if name != "node":
            raise AttributeError(name)
        return _structured(self.schema)  # Hydra changes a copy


@cache
def _structured(schema: type) -> DictConfig:
    return OmegaConf.structured(schema)


def register_config(group: str, name: str, schema: type) -> None:
    """Make a schema known to Hydra, in the place of one that was registered before."""
    place = ConfigStore.instance().repo
    for part in group.split("/"):
        place = place.setdefault(part, {})
    place[f"{name}.yaml"] = _Schema(group, name, schema)


class _Ready(Hydra):
    """Hydra at a job whose configuration is composed."""

    def __init__(self, composed: DictConfig):
        path = create_config_search_path(None)
        super().__init__(TASK, config_loader_impl.ConfigLoaderImpl(path))
        self.composed = composed

    def compose_config(self, *args: Any, **kwargs: Any) -> DictConfig:
        configure_log(self.composed.hydra.hydra_logging, self.composed.hydra.verbose)
        return self.composed


def run_composed(composed: DictConfig, task: Callable[[DictConfig], Any]) -> None:
    """Let Hydra run one job as `hydra.main` does, which would compose its configuration twice."""
    hydra = _Ready(composed)
    GlobalHydra.instance().clear()
    GlobalHydra.instance().initialize(hydra)
    try:
        run_and_report(lambda: hydra.run(None, task, []))
    finally:
        GlobalHydra.instance().clear()


def note_overrides(found: DictConfig, overrides: Sequence[Override]) -> None:
    """Write down in a composed config what Hydra notes of its overrides."""
    mine = [override for override in overrides if not override.is_hydra_override()]
    found.hydra.overrides.task = [o.input_line for o in mine]
    found.hydra.overrides.hydra = [o.input_line for o in overrides if o.is_hydra_override()]
    if BEFORE_1_4:  # which later ones make of the former when it is asked for
        how = found.hydra.job.config.override_dirname
        found.hydra.job.override_dirname = _dirname(
            overrides=mine,
            kv_sep=how.kv_sep,
            item_sep=how.item_sep,
            exclude_keys=how.exclude_keys,
        )


def node_of(owner: Any, key: str) -> Any:
    """A key of a composed config with its type, as it stands."""
    return owner._get_node(key)


def as_written(owner: Any, key: str) -> Any:
    """What a key of a composed config was set to, interpolations as they stand."""
    return node_of(owner, key)._value()


__all__ = [
    "TASK",
    "VERSION_BASE",
    "apply_overrides",
    "as_written",
    "get_args_parser",
    "get_gh_backup",
    "get_yaml_loader",
    "header_of",
    "node_of",
    "note_overrides",
    "register_config",
    "register_resolver",
    "restore_gh_from_backup",
    "run_composed",
]
