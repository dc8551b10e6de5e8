"""Trackers: Weights & Biases."""
