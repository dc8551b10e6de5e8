"""Commands and sweeps."""
