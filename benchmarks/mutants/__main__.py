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
RESULTS = HERE / "results.json"
Found = dict[str, str]


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

    def of(self, area: Area, todo: Sequence[Mutant]) -> list[Found]:
        """Answers; a survivor with a reason is equivalent if it changes no record."""
        seconds = self.baseline(area)
        say(f"{area.name}: {len(todo)} mutants, its tests take {seconds:.0f} s")
        answers = self.run(area, todo, 60 + 5 * seconds)
        reasons = tomllib.loads(EQUIVALENT.read_text())
        found = []
        for mutant in todo:
            answer = answers[mutant.id]
            one = {"id": mutant.id, "file": mutant.file, "area": area.name, "answer": answer}
            if answer == "survived" and mutant.id in reasons:
                if self.same_records(mutant):
                    one |= {"answer": "equivalent", "reason": reasons[mutant.id]}
                else:
                    say(f"not equivalent: {mutant.id}")
            found.append(one)
        return found

    def run(self, area: Area, todo: Sequence[Mutant], limit: float) -> dict[str, str]:
        """killed, survived or timeout, for each mutant."""
        self.idle = self.idle or [self.trees.copy(f"tree{i}") for i in range(self.jobs)]
        for tree in self.idle:
            self.trees.mend(tree, todo[0].file)
        waiting, running, answers = list(todo)[::-1], [], {}
        try:
            while waiting or running:
                while waiting and self.idle:
                    mutant, tree = waiting.pop(), self.idle.pop()
                    work = pytest_on(area.tests[mutant.file])
                    running.append(Trial(mutant, self.trees, tree, work, limit))
                time.sleep(0.02)
                for trial in [*running]:
                    if answer := trial.answer():
                        running.remove(trial)
                        self.idle.append(trial.tree)
                        answers[trial.mutant.id] = answer
                        told = f"{answer:9} {trial.seconds:5.1f} s  {trial.mutant.id}"
                        say(f"{len(answers)}/{len(todo)} {told}")
        finally:
            for trial in running:
                trial.stop()
        return answers

    def same_records(self, mutant: Mutant) -> bool:
        """Whether a mutant changes no byte of the records of a few jobs."""
        self.digest = self.digest or self._records(None)
        return self._records(mutant) == self.digest

    def _records(self, mutant: Mutant | None) -> str:
        out = self.trees.place / "digest.txt"
        out.unlink(missing_ok=True)

        def work() -> int:
            return write_digest(out)

        if mutant is None:
            whole = self.trees.whole
            if os.waitpid(fork(work, whole, whole / "out.txt", keep_code=True), 0)[1]:
                sys.exit("error: the jobs whose records are compared fail as they are")
        else:
            tree = self.idle[0]
            self.trees.mend(tree, mutant.file)
            trial = Trial(mutant, self.trees, tree, work, 600.0)
            while trial.answer() is None:
                time.sleep(0.05)
        return out.read_text() if out.exists() else "no records"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def recorded() -> list[Found]:
    """The answers of the last run."""
    return json.loads(RESULTS.read_text())["mutants"] if RESULTS.exists() else []


def main() -> None:
    names = [area.name for area in AREAS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("--areas", nargs="*", choices=names, default=names)
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time (default 2)")
    parser.add_argument("--only", help="mutants whose name contains this; nothing is written")
    parser.add_argument("--again", action="store_true", help="only what was not killed last time")
    given = parser.parse_args()
    settled = {one["id"]: one for one in recorded() if one["answer"] in ("killed", "timeout")}
    begin = time.monotonic()
    import_heavy()
    with tempfile.TemporaryDirectory() as place:
        trials = Trials(Trees(Path(place)), given.jobs)
        for area in (area for area in AREAS if area.name in given.areas):
            todo = (named(ROOT) if area is AREAS[0] else []) + drawn(ROOT, area)
            if given.only is not None:
                todo = [m for m in todo if given.only in m.id]
            kept = [m for m in todo if given.again and m.id in settled]
            todo = [m for m in todo if m not in kept]
            found = [settled[m.id] for m in kept] + (trials.of(area, todo) if todo else [])
            if given.only is None:
                write([*(one for one in recorded() if one["area"] != area.name), *found])
    say(f"{(time.monotonic() - begin) / 60:.1f} minutes")


def write(found: list[Found]) -> None:
    """The answers, and the page about them."""
    names = [area.name for area in AREAS]
    found.sort(key=lambda one: names.index(one["area"]))
    lines = ",\n".join(json.dumps(one) for one in found)
    RESULTS.write_text(f'{{"mutants": [\n{lines}\n]}}\n')
    (ROOT / "docs" / "mutants.md").write_text(page(found))


if __name__ == "__main__":
    main()
