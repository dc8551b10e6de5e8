"""How much of a text is realizable, and how long that takes to find out."""
