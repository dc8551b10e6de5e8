"""Calibration of the verdicts: how often are true laws contradicted and false ones confirmed?

    python -m benchmarks.calibration

Synthetic families at many horizons, systems whose rate is a theorem, and defects injected into a
sound record, all through the lab's own judge.
"""
