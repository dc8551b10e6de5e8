"""The catalogue of findings: every experiment of conf/experiment in full, and what it showed.

``python -m benchmarks.catalogue`` runs them and writes docs/findings.md with its pictures.
"""
