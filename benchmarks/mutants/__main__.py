"""``python -m benchmarks.mutants``: flip the code, run the tests, write docs/mutants.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.mutants.areas import AREAS, Area, drawn, named
from benchmarks.mutants.mutate import Mutant
from benchmarks.mutants.records import write_digest
from benchmarks.mutants.report import page
from benchmarks.mutants.trial import ROOT, Trees, Trial, fork, import_heavy, pytest_on

HERE = Path(__file__).parent
EQUIVALENT = HERE / "equivalent.toml"
Found = dict[str, str | float]


class Trials:
    """Tests of one area on its mutants, as many at a time as there are trees."""

    def __init__(self, trees: Trees, jobs: int):
        self.trees, self.jobs = trees, jobs
        self.idle: list[Path] = []
        self.digest = ""

    def baseline(self, area: Area) -> float:
        """Seconds that the tests of an area take on the untouched tree, where all must pass."""
        tests = sorted({test for given in area.tests.values() for test in given})
        begin = time.monotonic()
        out = self.trees.place / "baseline.txt"
        pid = fork(pytest_on(tests), self.trees.whole, out, keep_code=True)
        if os.waitpid(pid, 0)[1]:
            sys.exit(f"error: {area.name}: its tests fail as they are:\n{out.read_text()}")
        return time.monotonic() - begin

    def run(self, area: Area, todo: Sequence[Mutant], limit: float) -> list[Found]:
        self.idle = self.idle or [self.trees.copy(f"tree{i}") for i in range(self.jobs)]
        for tree in self.idle:
            self.trees.mend(tree, todo[0].file)
        waiting, running, found = list(todo)[::-1], [], []
        while waiting or running:
            while waiting and self.idle:
                mutant = waiting.pop()
                work = pytest_on(area.tests[mutant.file])
                running.append(Trial(mutant, self.trees, self.idle.pop(), work, limit))
            time.sleep(0.02)
            for trial in [*running]:
                if answer := trial.answer():
                    running.remove(trial)
                    self.idle.append(trial.tree)
                    id, seconds = trial.mutant.id, time.monotonic() - trial.started
                    found.append({"id": id, "file": trial.mutant.file, "area": area.name,
                                  "answer": answer, "seconds": round(seconds, 1)})  # fmt: skip
                    say(f"{len(found)}/{len(todo)} {answer:9} {seconds:5.1f} s  {id}")
        return sorted(found, key=lambda one: [m.id for m in todo].index(str(one["id"])))

    def same_records(self, mutant: Mutant) -> bool:
        """Whether a mutant changes no byte of the records of a few jobs."""
        self.digest = self.digest or self._records(None)
        return self._records(mutant) == self.digest

    def _records(self, mutant: Mutant | None) -> str:
        tree, out = self.idle[0], self.trees.place / "digest.txt"
        out.unlink(missing_ok=True)

        def work() -> int:
            return write_digest(out)

        if mutant is None:
            os.waitpid(fork(work, tree, tree / "out.txt", keep_code=False), 0)
        else:
            trial = Trial(mutant, self.trees, tree, work, 600.0)
            while trial.answer() is None:
                time.sleep(0.05)
        return out.read_text() if out.exists() else f"failed {mutant}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    names = [area.name for area in AREAS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("--areas", nargs="*", choices=names, default=names)
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time (default 2)")
    parser.add_argument("--only", help="mutants whose name contains this; nothing is written")
    given = parser.parse_args()
    reasons = tomllib.loads(EQUIVALENT.read_text())
    begin, results = time.monotonic(), HERE / "results.json"
    found: list[Found] = []
    if results.exists():
        kept = json.loads(results.read_text())["mutants"]
        found = [one for one in kept if one["area"] not in given.areas]
    import_heavy()
    with tempfile.TemporaryDirectory() as place:
        trials = Trials(Trees(Path(place)), given.jobs)
        for area in AREAS:
            if area.name in given.areas:
                todo = (named(ROOT) if area is AREAS[0] else []) + drawn(ROOT, area)
                todo = [m for m in todo if given.only is None or given.only in m.id]
                if todo:
                    seconds = trials.baseline(area)
                    say(f"{area.name}: {len(todo)} mutants, its tests take {seconds:.0f} s")
                    more = trials.run(area, todo, 60 + 5 * seconds)
                    by_id = {m.id: m for m in todo}
                    for one in more:
                        reason = reasons.get(str(one["id"]))
                        if one["answer"] == "survived" and reason:
                            if trials.same_records(by_id[str(one["id"])]):
                                one |= {"answer": "equivalent", "reason": reason}
                            else:
                                say(f"not equivalent: {one['id']}")
                    found += more
    minutes = (time.monotonic() - begin) / 60
    if given.only is None:
        order = {name: i for i, name in enumerate(names)}
        found.sort(key=lambda one: order[str(one["area"])])
        lines = ",\n".join(json.dumps(one) for one in found)
        results.write_text(f'{{"mutants": [\n{lines}\n]}}\n')
        (ROOT / "docs" / "mutants.md").write_text(page(found))
    say(f"{minutes:.1f} minutes")


if __name__ == "__main__":
    main()
