"""Jobs of the first study that several test folders look at: two runs, and one with a cycle."""

from collections.abc import Callable

SMALL = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "train.feed_forward.steps=40",
    "train.attention.steps=120",
]
TINY = [
    *("experiment=smoke", "tracking=none", "figures=none", "dataset.queries=3"),
    *("train.feed_forward.steps=5", "train.attention.steps=10"),
]
Command = Callable[..., int]
"""Takes arguments, and returns the exit code."""
CYCLE = """{"vocab": ["S", "V", "O", "P"]}
{"tokens": ["S"], "next": "V"}
{"tokens": ["V"], "next": "O"}
{"tokens": ["O"], "next": "P"}
{"tokens": ["P"], "next": "S"}
{"tokens": ["S", "V", "P"], "next": "V"}
{"tokens": ["V", "O", "P"], "next": "O"}
{"tokens": ["O", "S", "P"], "next": "P"}
"""
