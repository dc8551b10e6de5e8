"""Which flips of the code the tests notice: docs/mutants.md."""
