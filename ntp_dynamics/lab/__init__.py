"""The study-agnostic half of the lab: trajectories, laws, verdicts, records, sweeps, figures."""
