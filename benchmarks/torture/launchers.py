"""Launchers: equal bytes from each, and from a sweep on Ray whose workers and driver are killed.

    python -m benchmarks.torture.launchers [--jobs 64] [--steps 2000000]

Prints JSON: seconds and counts.  The launchers of others are left out where they are not
installed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ntp_dynamics.system.owner import attended

RECORD = ("trajectory.nc", "verdicts.json", "laws.nc", "corpora/*")
LAUNCHERS = {
    "packed": ([], "ntp_dynamics"),
    "packed_ray": (["hydra/launcher=packed_ray"], "ray"),
    "slurm, local": (["hydra/launcher=slurm", "hydra.launcher.cluster=local"], "submitit"),
    "joblib": (["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], "joblib"),
    "basic": (["hydra/launcher=basic"], "ntp_dynamics"),
}
"""What chooses each, and the package that it needs."""


class Sweep:
    """A sweep of jobs of two lengths, below a folder."""

    def __init__(self, folder: Path, jobs: int, steps: int):
        self.folder, self.jobs = folder, jobs
        half = f"seed=range({jobs // 2})"
        lengths = f"train.attention.steps={steps // 10},{steps}"
        small = ["experiment=smoke", "tracking=none", "figures=none", "train.feed_forward.steps=50"]
        self.command = [sys.executable, "-m", "ntp_dynamics", "-m", *small, half, lengths]

    def start(self, name: str, *more: str) -> subprocess.Popen[str]:
        """The command, in a session of its own."""
        arguments = [*self.command, f"hydra.sweep.dir={name}", *more]
        log = open(self.folder / f"{name}.log", "a")  # noqa: SIM115
        with log:
            return subprocess.Popen(
                arguments,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def run(self, name: str, *more: str) -> float:
        """To its end; seconds.  Raises RuntimeError where it does not succeed."""
        begun = time.monotonic()
        if self.start(name, *more).wait():
            raise RuntimeError((self.folder / f"{name}.log").read_text()[-2000:])
        return time.monotonic() - begun

    def done(self, name: str) -> int:
        """How many jobs are sealed."""
        return len([*(self.folder / name).glob("*/MANIFEST.json")])

    def at_work(self, name: str) -> Iterator[int]:
        """The processes that jobs name as theirs."""
        for claim in sorted((self.folder / name).glob("*/CLAIM")):
            if not attended(claim.parent):  # one that was killed before leaves its claim
                continue
            try:
                yield int(json.loads(claim.read_text())["pid"])
            except (OSError, ValueError, KeyError):
                continue

    def bytes(self, name: str) -> dict[str, str]:
        """The hash of each file of the record bytes, by job and name."""
        found = {}
        for status in sorted((self.folder / name).glob("*/status.json")):
            for pattern in RECORD:
                for path in sorted(status.parent.glob(pattern)):
                    key = str(path.relative_to(self.folder / name))
                    found[key] = sha256(path.read_bytes()).hexdigest()
        return found


def equal_bytes(sweep: Sweep) -> dict[str, Any]:
    """The same jobs under each launcher: seconds, and how many files differ from packed."""
    seconds, differ, wanted = {}, {}, {}
    for name, (overrides, package) in LAUNCHERS.items():
        if find_spec(package) is None:
            continue
        directory = name.partition(",")[0]
        seconds[name] = round(sweep.run(directory, *overrides), 1)
        found = sweep.bytes(directory)
        wanted = wanted or found
        differ[name] = sum(found.get(key) != value for key, value in wanted.items())
        differ[name] += len(found.keys() - wanted.keys())
    return {"jobs": sweep.jobs, "files": len(wanted), "seconds": seconds, "differ": differ}


def killed(sweep: Sweep, launcher: list[str], workers: int = 2) -> dict[str, Any]:
    """A sweep of which workers are killed on the way, then the driver; the same command again.

    Files that differ from those of packed, which has been before; jobs that are lost or twice.
    """
    driver = sweep.start("killed", *launcher)
    victims: list[int] = []
    for kill in range(workers):
        _until(driver, lambda kill=kill: sweep.done("killed") >= 4 + 8 * kill)
        victim = _until(driver, lambda: next((p for p in sweep.at_work("killed")), None))
        os.kill(victim, signal.SIGKILL)
        victims.append(victim)
    _until(driver, lambda: sweep.done("killed") >= sweep.jobs // 2)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    before = sweep.done("killed")
    seconds = sweep.run("killed", *launcher)
    wanted, found = sweep.bytes("packed"), sweep.bytes("killed")
    return {
        "workers killed": len(victims),
        "done before the driver was": before,
        "seconds to go on": round(seconds, 1),
        "jobs done": sweep.done("killed"),
        "differ": sum(found.get(key) != value for key, value in wanted.items()),
        "beside them": len(found.keys() - wanted.keys()),
    }


def _until(driver: subprocess.Popen[str], look: Callable[[], Any]) -> Any:
    """What is seen, once it is.  Raises RuntimeError where the driver ends before."""
    while not (seen := look()):
        if driver.poll() is not None:
            raise RuntimeError(f"the driver has ended: {driver.returncode}")
        time.sleep(0.05)
    return seen


def main() -> None:
    """All of it, in a folder that goes away."""
    parser = argparse.ArgumentParser(prog="benchmarks.torture.launchers")
    parser.add_argument("--jobs", type=int, default=64)
    parser.add_argument("--steps", type=int, default=2_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder), options.jobs, options.steps)
        print(json.dumps({"equal bytes": equal_bytes(sweep)}, indent=1), flush=True)
        if find_spec("ray") is not None:
            found = killed(sweep, LAUNCHERS["packed_ray"][0])
            print(json.dumps({"killed on Ray": found}, indent=1))


if __name__ == "__main__":
    main()
