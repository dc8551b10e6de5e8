"""The findings, page by page."""

from __future__ import annotations

from benchmarks.catalogue.finding import Page
from benchmarks.catalogue.findings import knowledge_gradient, score_matching, transformer

PAGES = [
    Page("next_token", "findings.md", transformer.OPENING, transformer.FINDINGS),
    Page(
        "knowledge_gradient",
        "findings/knowledge_gradient.md",
        knowledge_gradient.OPENING,
        knowledge_gradient.FINDINGS,
    ),
    Page(
        "score_matching",
        "findings/score_matching.md",
        score_matching.OPENING,
        score_matching.FINDINGS,
    ),
]
"""A page a study."""
FINDINGS = [finding for page in PAGES for finding in page.findings]
