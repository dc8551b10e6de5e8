"""Whether what a launcher is made of is on this machine, looked at before a sweep begins."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Any

from ntp_dynamics.system.errors import UserError

PACKAGES = {
    "packed_ray.RayLauncher": ("ray", "Ray", "ray"),
    "slurm.SlurmLauncher": ("submitit", "submitit", "slurm"),
}
"""By the end of what Hydra calls a launcher: package, its name, and the extra that brings it."""


def check_installed(launcher: Any) -> None:
    """Raises UserError where a sweep could not be handed to anybody."""
    for name, (package, said, extra) in PACKAGES.items():
        if str(launcher.get("_target_")).endswith(name) and not _is_there(package):
            remedy = f"pip install 'ntp-dynamics[{extra}]'"
            raise UserError("hydra/launcher", f"{said} is not installed", remedy)
    cluster = launcher.get("cluster")
    if getattr(cluster, "name", None) == "slurm" and shutil.which("sbatch") is None:
        remedy = "start it where SLURM is, or try it with hydra.launcher.cluster=local"
        raise UserError("hydra/launcher", "there is no sbatch on this machine", remedy)


def _is_there(package: str) -> bool:
    found = find_spec(package)
    return found is not None and found.origin is not None  # a folder of that name is no package
