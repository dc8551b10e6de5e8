"""The commands of the study."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ntp_dynamics.cli import OneLineParser, mistakes_in_one_line


def check(arguments: Sequence[str] | None = None) -> None:
    """``ntp-check FILE [--json]``: exit 0 realizable, 1 not, 2 not a corpus."""
    parser = OneLineParser(
        prog="ntp-check", description="Is a corpus realizable, and which assumptions does it meet?"
    )
    parser.add_argument("file", help="a corpus in JSON Lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with mistakes_in_one_line():
        import json

        from ntp_dynamics.studies.next_token.data.corpus import Corpus
        from ntp_dynamics.studies.next_token.theory.assumptions import check as check_corpus

        report = check_corpus(Corpus.read(options.file))
        text = json.dumps(report.to_json()) if options.json else report.text()
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.exit(0 if report.realizable else 1)
