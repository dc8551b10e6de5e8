"""``python -m benchmarks.large``: what a corpus costs to prepare and lay out, by its size.

One run, one thread, CPU seconds of the process; each size in a process of its own, since memory is
read as its peak.  Writes benchmarks/large.json and prints the section of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).with_suffix(".json")
STAGES = ("draw", "recognise", "targets", "pack", "lay out", "write")
GRID = [
    (v, many, optimal, below)
    for v in (200, 1000)
    for many in (50, 200)
    for optimal, below in ((2, 8), (4, 20))
]
LARGEST = (1000, 1000, 5, 25)
WIDE = (5000, 6, 2, 3)

SECTION = """
## Large corpora

`python -m benchmarks.large`: one run at the exact margin, CPU seconds of one thread, load average
{load:.1f}. N sentences with T distinct tokens in all, R relations, V tokens, all of them queries.

| V | N | T | R | {heads} | all, us a sentence | MB beyond a small job | B a token |
|---|---|---|---|{lines}|---|---|---|
{rows}

Fitted: preparation (all but laying out and writing) takes {a:.0f} ns a sentence, {b:.0f} ns a token
and {c:.1f} us a relation (within {error:.0%}). Reading a corpus file takes {read:.1f} us a
sentence of {length:.0f} tokens. A step of the kernel at the largest: {step:.2f} s, so 1,000 steps
{thousand:.0f} s of CPU.
"""


def job(v: int, many: int, optimal: int, below: int) -> Any:
    """A configuration with so many sentences a query before equal ones fall together."""
    from ntp_dynamics.config.compose import compose_job, read_config

    knobs = {"vocab_size": v, "queries": v, "sentences_per_query": many, "optimal": optimal}
    knobs |= {"non_optimal": below, "max_length": max(6, (2 * below) // 3)}
    given = [f"dataset.{name}={value}" for name, value in knobs.items()]
    return read_config(compose_job(["runs=1", "tracking=none", "figures=none", *given]))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def measure(size: tuple[int, int, int, int], steps: int) -> dict[str, float]:
    """Seconds of each stage, after a small job has loaded and compiled what is needed."""
    stages(job(20, 6, 2, 3), 2)
    before = peak()
    found = stages(job(*size), steps)
    found["MB"] = peak() - before
    return found


def stages(config: Any, steps: int) -> dict[str, float]:
    """Prepare a job stage by stage, and take some steps."""
    import tempfile

    from ntp_dynamics.studies.next_token.data import draw
    from ntp_dynamics.studies.next_token.data.corpus import Corpus
    from ntp_dynamics.studies.next_token.data.realizable import recognise
    from ntp_dynamics.studies.next_token.model.batch import pack
    from ntp_dynamics.studies.next_token.model.init import attention_matrix, exact_margin
    from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
    from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
    from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
    from ntp_dynamics.studies.next_token.theory.targets import solve_targets

    found: dict[str, float] = {}
    began = time.process_time()

    def lap(name: str) -> None:
        nonlocal began
        found[name] = time.process_time() - began
        began = time.process_time()

    source = draw.streams(config)
    (corpus,) = corpora = draw.draw_corpora(config, source)
    lap("draw")
    recognition = recognise(corpus)
    lap("recognise")
    embeddings = draw.draw_embeddings(config, source, corpus)
    solve_targets(corpora, [recognition], embeddings)
    lap("targets")
    batch = pack(corpora, [recognition.collocation])
    lap("pack")
    matrix = attention_matrix(None, embeddings, batch, False)
    objective = AttentionObjective(batch, matrix, exact_margin(9.23, batch))
    dynamics = AttentionKernel(objective, kernel_rule(config.optimizer, 1.0))
    lap("lay out")
    dynamics.advance(steps, np.zeros(0, dtype=np.int64))
    lap("steps")
    with tempfile.TemporaryDirectory() as name:
        corpus.write(Path(name) / "corpus.jsonl")
        lap("write")
        Corpus.read(Path(name) / "corpus.jsonl")
        lap("read")
    found["step"] = found.pop("steps") / steps
    relations = len(recognition.relations.query)
    sizes = corpus.vocab_size, corpus.size, len(corpus.bags.tokens.flat), relations
    return found | dict(zip("VNTR", map(float, sizes), strict=True))


def apart(size: tuple[int, int, int, int], steps: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.large", "--one", json.dumps([size, steps])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def section(measured: list[dict[str, float]], load: float) -> str:
    """The section of the page."""
    rows = []
    for x in measured:
        each = " | ".join(f"{1e6 * x[name] / x['N']:.2f}" for name in STAGES)
        whole = 1e6 * _prepared(x) / x["N"]
        sizes = " | ".join(f"{x[name]:,.0f}" for name in "VNTR")
        rows.append(
            f"| {sizes} | {each} | {whole:.1f} | {x['MB']:,.0f} | {x['MB'] * 2**20 / x['T']:.0f} |"
        )
    sides = np.array([[x["N"], x["T"], x["R"]] for x in measured])
    seconds = np.array([_prepared(x) for x in measured])
    law, *_ = np.linalg.lstsq(sides / seconds[:, None], np.ones(len(seconds)), rcond=None)
    largest = max(measured, key=lambda x: x["T"])
    return SECTION.format(
        load=load,
        heads=" | ".join(STAGES),
        lines="|".join("---" for _ in STAGES),
        rows="\n".join(rows),
        a=1e9 * law[0],
        b=1e9 * law[1],
        c=1e6 * law[2],
        error=float(np.abs(sides @ law / seconds - 1).max()),
        read=1e6 * largest["read"] / largest["N"],
        length=largest["T"] / largest["N"],
        step=largest["step"],
        thousand=1000 * largest["step"],
    )


def _prepared(x: dict[str, float]) -> float:
    return sum(x[name] for name in ("draw", "recognise", "targets", "pack"))


def main() -> None:
    import os

    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--one", help="one size, in this process")
    parser.add_argument("--page", action="store_true", help="the section from the last numbers")
    options = parser.parse_args()
    if options.one:
        size, steps = json.loads(options.one)
        print(json.dumps(measure(tuple(size), steps)))
        return
    if not options.page:
        load = os.getloadavg()[0]
        measured = [apart(size, 5) for size in (*GRID, WIDE, LARGEST)]
        RECORD.write_text(json.dumps({"load": load, "sizes": measured}, indent=1) + "\n")
    kept = json.loads(RECORD.read_text())
    print(section(kept["sizes"], kept["load"]))


if __name__ == "__main__":
    main()
