"""``python -m benchmarks.same REV``: every experiment at smoke size, at REV and as the tree is."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.same.jobs import Case, cases, experiments
from benchmarks.same.report import line_of, summary

ROOT = Path(__file__).parents[2]
SIDE = Path(__file__).with_name("side.py")


def main(base: str, only: Sequence[str]) -> int:
    """Print a line for each experiment and engine; 1 where something differs, else 0."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ntp-same-") as name:
        place = Path(name)
        tree = place / "tree"
        subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), base],
            check=True,
        )
        try:
            return compare_trees(tree, place, only, begin)
        finally:
            remove = ["worktree", "remove", "--force", str(tree)]
            subprocess.run(["git", "-C", str(ROOT), *remove], check=True)


def compare_trees(tree: Path, place: Path, only: Sequence[str], begin: float) -> int:
    """Train both sides at a time and compare what they left."""
    before, after = experiments(tree), experiments(ROOT)
    words: Counter[str] = Counter()
    jobs: list[Case] = []

    def say(name: str, engine: str, word: str, text: str = "") -> None:
        words[word] += 1
        print(f"{name:25} {engine:9} {word:9} {text}".rstrip(), flush=True)

    for name in sorted(before | after):
        if only and name not in only:
            continue
        if name not in before:
            say(name, "", "new")
        elif name not in after:
            say(name, "", "DIFFERENT", "the experiment is gone")
        else:
            try:
                jobs += cases(name, before[name])
            except KeyError as study:
                say(name, "", "FAILED", f"nothing says what is small for the study {study}")

    listed = place / "jobs.json"
    listed.write_text(json.dumps([[case.path, case.overrides] for case in jobs]))
    sides = [(tree, place / "old"), (ROOT, place / "new")]
    running = [_start(source, listed, out) for source, out in sides]
    codes = [side.wait() for side in running]
    if any(codes):
        sys.exit("error: a side ended before its jobs did")
    old, new = (out for _, out in sides)
    ends = [json.loads((out / "ends.json").read_text()) for out in (old, new)]
    for (name, engine), group in groupby(jobs, key=lambda case: (case.experiment, case.engine)):
        say(name, engine, *line_of(list(group), old, new, ends))
    print(summary(words, time.monotonic() - begin))
    return int(bool(words["DIFFERENT"] or words["FAILED"]))


def _start(source: Path, jobs: Path, out: Path) -> subprocess.Popen[bytes]:
    out.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", str(SIDE), str(source), str(jobs), str(out)]
    return subprocess.Popen(command, env=environment, cwd=out, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks.same", description=__doc__)
    parser.add_argument("base", help="a commit to compare the working tree with")
    parser.add_argument("only", nargs="*", help="experiments (all)")
    options = parser.parse_args()
    sys.exit(main(options.base, options.only))
