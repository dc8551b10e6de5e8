"""The findings, page by page."""

from __future__ import annotations

from benchmarks.catalogue.finding import Page
from benchmarks.catalogue.findings import (
    federated,
    knowledge_gradient,
    score_matching,
    transformer,
)

PAGES = [
    Page("next_token", "findings.md", transformer.OPENING, transformer.FINDINGS),
    *(
        Page(name, f"findings/{name}.md", found.OPENING, found.FINDINGS)
        for name, found in (
            ("score_matching", score_matching),
            ("knowledge_gradient", knowledge_gradient),
            ("federated", federated),
        )
    ),
]
"""A page a study."""
FINDINGS = [finding for page in PAGES for finding in page.findings]
