"""What the lab uses of Hydra and OmegaConf that they do not promise to keep, and where their
versions differ.

All of it is looked for when this is imported: a version that lacks a part is answered in one line.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ntp_dynamics.system.errors import UserError

ALLOWED = "hydra-core>=1.3.8,<1.5"
"""As in pyproject.toml."""

try:
    from hydra._internal.config_loader_impl import (
        ConfigLoaderImpl,
        get_overrides_dirname,
    )
    from hydra._internal.core_plugins import basic_sweeper
    from hydra._internal.utils import get_args_parser
    from hydra.core.config_store import ConfigStore
    from hydra.initialize import get_gh_backup, restore_gh_from_backup
    from hydra.plugins.config_source import ConfigSource
    from omegaconf import DictConfig, Node, OmegaConf, basecontainer

    apply_overrides = ConfigLoaderImpl._apply_overrides_to_config
    header_of = ConfigSource._get_header_dict
    get_yaml_loader: Any = basecontainer.get_yaml_loader  # pyright: ignore
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

BEFORE_1_4 = version("hydra-core").startswith("1.3.")

VERSION_BASE: dict[str, Any] = {"version_base": "1.3"} if BEFORE_1_4 else {}
"""Hydra 1.3 wants to hear whose defaults are meant; 1.4 has one set of them, and would warn."""


def register_config(group: str, name: str, node: type) -> None:
    """Make a schema known to Hydra, in the place of one that was registered before."""
    again = {} if BEFORE_1_4 else {"replace": True}
    ConfigStore.instance().store(
        group=group, name=name, node=node, provider="ntp-dynamics", **again
    )


def node_of(owner: Any, key: str) -> Any:
    """A key of a composed config with its type, as it stands."""
    return owner._get_node(key)


def as_written(owner: Any, key: str) -> Any:
    """What a key of a composed config was set to, interpolations as they stand."""
    return node_of(owner, key)._value()


__all__ = [
    "VERSION_BASE",
    "apply_overrides",
    "as_written",
    "get_args_parser",
    "get_gh_backup",
    "get_overrides_dirname",
    "get_yaml_loader",
    "header_of",
    "node_of",
    "register_config",
    "register_resolver",
    "restore_gh_from_backup",
]
