"""Jobs of the first study that several test folders look at: two runs, and one with a cycle."""

SMALL = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "train.feed_forward.steps=40",
    "train.attention.steps=120",
]
CYCLE = """{"vocab": ["S", "V", "O", "P"]}
{"tokens": ["S"], "next": "V"}
{"tokens": ["V"], "next": "O"}
{"tokens": ["O"], "next": "P"}
{"tokens": ["P"], "next": "S"}
{"tokens": ["S", "V", "P"], "next": "V"}
{"tokens": ["V", "O", "P"], "next": "O"}
{"tokens": ["O", "S", "P"], "next": "P"}
"""
