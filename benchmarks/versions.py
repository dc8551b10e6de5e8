"""Whether the suite passes with the oldest and with the newest versions that pyproject.toml allows,
pre-releases of Hydra among these.

    make oldest                       in a throw-away environment: some minutes, some gigabytes
    make newest ONLY=tests/track      a part of the suite
    make newest PYTHON=python3.12     another Python

This runs before there is an environment: the standard library only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

TESTS = [
    "tests/config",
    "tests/launch",
    "tests/record",
    "tests/run",
    "tests/track",
    "tests/observe",
    "tests/draw",
    "tests/report",
    "tests/test_contract.py",
    "tests/test_contract_commands.py",
    "tests/test_front_door.py",
    "tests/studies/next_token/test_golden.py",
    "tests/studies/next_token/model/test_kernel.py",
    "tests/studies/score_matching/test_dynamics.py",
    "tests/studies/knowledge_gradient/test_instance.py",
    "tests/studies/federated/test_claims.py",
    "tests/studies/attractor/test_dynamics.py",
]
"""What runs where no part is asked for: all that touches other packages, one of each study."""

PRE_RELEASES = "hydra-core"
"""Of this one, those that come next are tried too."""


def requirements(project: dict[str, Any]) -> list[str]:
    """What pyproject.toml asks for, for the package and its tests."""
    return [*project["dependencies"], *project["optional-dependencies"]["test"]]


def floors(required: Iterable[str]) -> list[str]:
    """The oldest version that each requirement allows: `a>=1.2,<3; marker` as `a==1.2; marker`.

    Raises ValueError for a requirement without a floor.
    """
    found = []
    for requirement in required:
        wanted, mark, marker = requirement.partition(";")
        match = re.fullmatch(r"([\w.-]+)>=([\w.]+)(,<[\w.]+)?", wanted.strip())
        if match is None:
            raise ValueError(f"{requirement!r} has no floor")
        found.append(f"{match[1]}=={match[2]}{mark}{marker}")
    return found


def main(which: str, tests: Sequence[str]) -> int:
    """Make the environment, say what is in it, run the tests there; the exit code of pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = requirements(project)
    with tempfile.TemporaryDirectory(prefix=f".venv-{which}-", dir=ROOT) as place:
        venv.create(place, with_pip=True)
        python = f"{place}/bin/python"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        if which == "oldest":
            listed = Path(place) / "oldest.txt"
            listed.write_text("\n".join(floors(required)), encoding="utf-8")
            subprocess.run([*pip, "-e", ".[test]", "-c", str(listed)], cwd=ROOT, check=True)
        else:
            subprocess.run([*pip, "--upgrade", "-e", ".[test]"], cwd=ROOT, check=True)
            next_ones = [r for r in required if r.startswith(PRE_RELEASES)]
            subprocess.run([*pip, "--upgrade", "--pre", *next_ones], cwd=ROOT, check=True)
        subprocess.run([python, "-m", "pip", "freeze", "--exclude-editable"], check=True)
        suite = [python, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *(tests or TESTS)]
        if which == "oldest":  # an old package may be told off by a new one: no fault of the lab
            suite += ["-W", "default"]
        return subprocess.run(suite, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
