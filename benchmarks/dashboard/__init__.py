"""How fast the dashboard is with ten thousand jobs: `python -m benchmarks.dashboard`."""
