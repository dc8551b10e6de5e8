"""The loss and its gradient: exact on a line, on tensor grids, and by sampling."""
