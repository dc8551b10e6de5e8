"""A Hydra that lacks what the lab uses of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

MINUS = """
import sys
import {module} as module
owner = module
for name in "{owner}".split("."):
    owner = getattr(owner, name) if name else owner
delattr(owner, "{name}")
sys.argv = ["ntp-train", "runs=1"]
from ntp_dynamics.cli import train
train()
"""


@pytest.mark.parametrize(
    ("module", "owner", "name"),
    [
        ("hydra._internal.utils", "", "get_args_parser"),
        ("hydra._internal.config_loader_impl", "ConfigLoaderImpl", "_apply_overrides_to_config"),
        ("omegaconf.basecontainer", "", "get_yaml_loader"),
    ],
)
def test_a_hydra_without_a_part_is_one_line_with_the_versions_that_work(
    module: str, owner: str, name: str, tmp_path: object
) -> None:
    script = MINUS.format(module=module, owner=owner, name=name)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=str(tmp_path)
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: hydra-core ")
    assert name in line
    assert line.endswith("; pip install 'hydra-core>=1.3.8,<1.5'")
