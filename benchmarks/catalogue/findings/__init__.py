"""The findings, page by page."""

from __future__ import annotations

from benchmarks.catalogue.finding import Page
from benchmarks.catalogue.findings import transformer

PAGES = [
    Page("next_token", "findings.md", transformer.OPENING, transformer.FINDINGS),
]
"""A page a study."""
FINDINGS = [finding for page in PAGES for finding in page.findings]
