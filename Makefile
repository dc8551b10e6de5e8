# Two commands from a bare checkout: `make run` and `make test`.  Each sets up .venv once.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/stamp-$(firstword $(shell cat pyproject.toml constraints.txt | cksum))
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One thread a process: two processes with two torch threads each run 100 times slower.
export OMP_NUM_THREADS ?= 1
BASE ?= HEAD

.PHONY: run test lint calibrate catalogue certificates gallery any-corpus mutants torture bench bench-gpu \
	engines same oldest newest long clean

run: $(STAMP)  ## the main job: train, record, judge
	@$(BIN)/ntp-train

test: $(STAMP)  ## the test suite
	@$(BIN)/python -m pytest -n auto --dist loadfile --max-worker-restart 0

lint: $(STAMP)  ## style and types
	@$(INSTALL) -e '.[test,dev]'
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

calibrate: $(STAMP)  ## how often verdicts are wrong: docs/calibration.md (minutes)
	@$(BIN)/python -m benchmarks.calibration

catalogue: $(STAMP)  ## every experiment in full: docs/findings.md, docs/findings/ (minutes)
	@$(BIN)/python -m benchmarks.catalogue

certificates: $(STAMP)  ## proofs of later steps of 200 runs, and 50 traps: docs/certificates.md (minutes)
	@$(BIN)/python -m benchmarks.certificates

gallery: $(STAMP)  ## claims of others whose truth is known, judged: docs/gallery/ (seconds)
	@$(BIN)/python -m benchmarks.gallery $(ONLY)

mutants: $(STAMP)  ## which flips of the code the tests notice: docs/mutants.md (minutes)
	@$(BIN)/python -m benchmarks.mutants

torture: $(STAMP)  ## sweeps that are killed, starved and crowded: docs/reliability.md (45 minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,ray,slurm]' hydra-joblib-launcher
	@$(BIN)/python -m benchmarks.torture $(ONLY)

long: $(STAMP)  ## tests that take too long for the suite
	@$(BIN)/python -m pytest -n auto --max-worker-restart 0 -m long

any-corpus: $(STAMP)  ## proved bounds against 1,000 random corpora, realizable or not (minutes)
	@$(BIN)/python -m benchmarks.any_corpus $(ONLY)

bench: $(STAMP)  ## how fast training is, beside the usual loop: docs/performance.md (minutes)
	@$(INSTALL) -e '.[bench]'
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attractor
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.by_canns
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.score_matching
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.knowledge_gradient
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.federated
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.linear
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.watch
	@$(BIN)/python -m benchmarks.performance

engines: $(STAMP)  ## do kernels and tensors take the same steps, whatever is combined? (an hour)
	@$(BIN)/python -m benchmarks.engines $(ONLY)

bench-gpu: $(STAMP)  ## how exact and how fast a GPU is: docs/performance.md (at most ten minutes)
	@$(BIN)/python -m benchmarks.gpu && $(BIN)/python -m benchmarks.performance --page

same: $(STAMP)  ## are the record bytes those of BASE=REV, in every experiment on every engine? (minutes)
	@$(BIN)/python -m benchmarks.same $(BASE) $(ONLY)

oldest newest:  ## the suite with the oldest, the newest versions allowed (minutes, gigabytes)
	@$(PYTHON) -m benchmarks.versions $@ $(ONLY)

clean:  ## remove the environment and caches; records stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: python: 3.11 or newer not found; install one or set PYTHON=" >&2; exit 2; }
	@echo "setting up .venv with $(PYTHON) (once; a few minutes with a slow network)"
	@rm -rf .venv/stamp-*
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -e '.[test]'
	@touch $@
