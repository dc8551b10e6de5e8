"""One self-contained page: no network, no server, the slider alive.

The page holds the same scripts that the server sends, plotly among them, and the same JSON.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly

from ntp_dynamics.dashboard.index import known_study, scan
from ntp_dynamics.dashboard.pages import sweep
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.dashboard.views import paths
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.plain import text
from ntp_dynamics.system.disk import size_in_words
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.label import marks

ASSETS = Path(__file__).parent / "assets"
ROOM = 24 * 10**6
"""Bytes of job views that one page holds: what a mail still carries."""
SCRIPTS = ("00-core", "10-curves", "20-arrays", "30-job", "40-sweep", "60-compare")
LAST = "95-export"
"""The script that draws the page, after those of the studies."""


def export(root: Path, target: Path) -> str:
    """Write the page; returns a line that says what it holds.  Raises UserError."""
    index = scan(root)
    if not index.jobs:
        raise UserError(str(root), "it holds no record", "give the directory of a run or a sweep")
    views: dict[str, Any] = {}
    files: dict[Path, None] = {}
    room = ROOM
    for job in index.jobs.values():
        view = _trimmed(job)
        room -= len(json.dumps(view))
        if room < 0 and views:
            break
        views[job.id] = view
        if (study := known_study(job.study)) is not None and view.get("views"):
            files |= dict.fromkeys(paths(study))
    tables = [
        {"key": folder.id, **sweep.shown(folder, {}, len(folder.jobs))}
        for folder in index.folders.values()
    ]
    for table in tables:
        table["rows"] = [row for row in table["rows"] if row["id"] in views]
    page = {
        "title": text(root.name),
        "folders": tables if len(index.jobs) > 1 else [],
        "views": views,
        "left_out": len(index.jobs) - len(views),
    }
    body = document(page, list(files))
    try:
        write_atomically(target, lambda path: path.write_text(body, encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise UserError(str(target), reason, "choose another file") from error
    said = f"{len(views)} of {len(index.jobs)} job{'s' * (len(index.jobs) != 1)}"
    return f"exported  {target}  ({said}, {size_in_words(target.stat().st_size)})"


def _trimmed(job: Job) -> dict[str, Any]:
    """The view of a job without its log, which may name this machine, and what needs a server."""
    view = job_view(job, read(job))
    parts = [{**part, "files": []} for part in view.get("views", [])]
    return {**view, "log": [], "pages": [], **({"views": parts} if parts else {})}


def document(page: dict[str, Any], files: Sequence[Path]) -> str:
    """The page as HTML, with the files of the views that it holds.

    In JSON, "<" is written so that no text of a record ends a script; the scripts are named by
    their hashes, and the browser runs no other.
    """
    data = json.dumps(page, allow_nan=False, ensure_ascii=True).replace("<", "\\u003c")
    plotly_script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    ours = [ASSETS / f"{name}.js" for name in SCRIPTS]
    theirs = [path for path in files if path.suffix == ".js"]
    sources = [plotly_script, *ours, *theirs, ASSETS / f"{LAST}.js"]
    sheets = [ASSETS / "ntp.css", *(path for path in files if path.suffix == ".css")]
    style = "\n".join(path.read_text(encoding="utf-8") for path in sheets).replace("</", "<\\/")
    scripts = [_inlined(source) for source in sources]
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    code = "\n".join(f"<script>{script}</script>" for script in scripts)
    told = html.escape(json.dumps(marks()), quote=True)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{html.escape(page["title"])} · ntp-dynamics</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="shell" data-marks="{told}">
<header class="top"><span class="brand">ntp-dynamics</span><nav id="crumbs"></nav>
<button id="theme" class="quiet" title="light or dark">◐</button></header>
<main id="main"><div id="page"></div></main>
</div>
<script type="application/json" id="data">{data}</script>
{code}
</body>
</html>
"""


def _inlined(source: Path) -> str:
    """A script as it may stand between tags."""
    return source.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _hash(script: str) -> str:
    """What a Content-Security-Policy calls a script by."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
