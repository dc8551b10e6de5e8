"""The door for curves that were not trained here: a statement is held against a curve."""
