"""Ten thousand jobs: index, first paint, filter, a job page, a step of the slider, memory.

    python -m benchmarks.dashboard [--jobs N]

One real job is trained; the others are copies of its status file with other overrides, values and
labels (what a table of jobs reads).  Times are of a headless Chromium on the same machine, the best
of three; memory is the peak of the server process.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ntp_dynamics as ntp
from ntp_dynamics.verdict.label import Label

SERVE = "from ntp_dynamics.cli import dashboard; dashboard()"


def make_jobs(root: Path, jobs: int) -> None:
    """A sweep of so many jobs over four keys."""
    record = ntp.train(["tracking=none", "figures=none"], root / "real" / "0")
    status = record.status
    draw = random.Random(0)
    labels = [str(label) for label in Label if label is not Label.contradicted]
    for i in range(jobs):
        job = root / "sweep" / str(i)
        job.mkdir(parents=True)
        keys = {"dataset.optimal": i % 5, "optimizer": ["ngd", "gd", "adam"][i % 3]}
        keys |= {"train.margin": 2 ** (i % 7), "seed": i // 105}
        final = {k: v and v * draw.random() for k, v in status["final"].items()}
        found = {claim: draw.choice(labels) for claim in status["labels"]}
        overrides = [f"{key}={value}" for key, value in keys.items()]
        copy = {**status, "overrides": overrides, "final": final, "labels": found}
        body = json.dumps(copy, indent=1).encode()
        entry = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
        (job / "status.json").write_bytes(body)
        (job / "MANIFEST.json").write_text(json.dumps({"files": {"status.json": entry}}))


def start(root: Path, cache: Path) -> tuple[subprocess.Popen[str], str, float]:
    """A server process, its address, and the seconds until it printed that."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SERVE, str(root), "--port", "0"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[1], time.perf_counter() - began


def best(measure: Callable[[], Any], times: int = 3) -> float:
    """Milliseconds of the fastest of a few."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        measure()
        took.append(1000 * (time.perf_counter() - began))
    return min(took)


def peak_memory(process: subprocess.Popen[str]) -> float:
    """Megabytes of the process at their peak."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def measure_pages(page: Any, url: str, jobs: int) -> dict[str, float]:
    """Milliseconds of what a hand does in the browser."""
    found: dict[str, float] = {}
    page.goto(url)
    page.wait_for_selector("table.folders")
    sweep = url + page.locator("a", has_text="sweep").get_attribute("href")
    real = url + page.locator("a", has_text="real").get_attribute("href")

    def filtered(words: str, count: int) -> None:
        page.fill("#filter", words)
        page.locator("#matched", has_text=f"{count:,} of").wait_for()

    def opened(address: str, sign: str) -> None:
        page.goto(address)
        page.wait_for_selector(sign)

    found["first paint of the sweep"] = best(lambda: opened(sweep, "svg.phase"))
    expected = len(range(1, jobs, 3))
    page.locator("#matched", has_text=f"{jobs:,}").wait_for()
    times = []
    for _ in range(3):
        times.append(best(lambda: filtered("optimizer=gd", expected), 1))
        page.fill("#filter", "")
        page.locator("#matched", has_text=re.compile(rf"^{jobs:,} jobs$")).wait_for()
    found["filter, typing pause of 60 included"] = min(times)
    found["job page, first curves drawn"] = best(
        lambda: opened(real, "[data-panel='attention/norm_kq'] .main-svg")
    )
    page.wait_for_timeout(1500)
    steps = "(() => {const t = []; for (let i = 0; i < 60; i++) {const a = performance.now();"
    steps += "ntp.shown.go(100 + i); document.body.offsetHeight; t.push(performance.now() - a)}"
    found["slider step with layout, the slowest of 60"] = page.evaluate(
        steps + "return Math.max(...t)})()"
    )
    return found


def main() -> None:
    """Print a line a figure."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    jobs = parser.parse_args().jobs
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "records", Path(folder) / "cache"
        make_jobs(root, jobs)
        process, _, cold = start(root, cache)
        process.terminate()
        process, url, warm = start(root, cache)
        print(f"server up, no cache       {cold:8.2f} s")
        print(f"server up, cached index   {warm:8.2f} s")
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            for name, value in measure_pages(page, url, jobs).items():
                print(f"{name:<42} {value:8.1f} ms")
            browser.close()
        print(f"peak memory of the server {peak_memory(process):8.0f} MB")
        process.terminate()


if __name__ == "__main__":
    main()
