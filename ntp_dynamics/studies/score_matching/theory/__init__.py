"""Closed forms: the small ball, the far students, the clump; and what the theorems ask for."""
