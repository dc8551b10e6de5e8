"""What is measured (observables), when (schedules), and both together (hooks)."""
