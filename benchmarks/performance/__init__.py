"""How fast training is, beside the loop that the field writes: ``make bench``."""
