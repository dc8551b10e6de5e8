"""Figures: panels, sheets, maps."""
