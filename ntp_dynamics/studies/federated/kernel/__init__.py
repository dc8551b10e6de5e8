"""Rounds of federated optimisation as machine code."""
