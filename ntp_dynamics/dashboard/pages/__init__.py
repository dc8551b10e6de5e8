"""The pages: what each address shows, as plain JSON with a stamp that changes when it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ntp_dynamics.dashboard.pages import compare, folders, job, sweep, view
from ntp_dynamics.dashboard.site import Site
from ntp_dynamics.record.plain import text

Ask = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """``stamp`` of what would be shown (cheap; None where there is nothing), and ``show``."""

    stamp: Callable[[Site, Ask], str | None]
    show: Callable[[Site, Ask], dict[str, Any]]


PAGES = {
    "folders": Page(folders.stamp, folders.show),
    "sweep": Page(sweep.stamp, sweep.show),
    "job": Page(job.stamp, job.show),
    "view": Page(view.stamp, view.show),
    "compare": Page(compare.stamp, compare.show),
}


def route(path: str, search: str) -> dict[str, Any]:
    """What an address asks for."""
    found = re.fullmatch(r"/(?:(sweep|job)|view/([a-z_]{1,40}))/([0-9a-f]{12})|/(compare)|/", path)
    asked = dict(parse_qsl(search.removeprefix("?"))[:40])
    if found is None:
        return {"page": "nothing", "key": "", "view": {}}
    named = {"name": found[2]} if found[2] else {}
    page = "view" if named else found[1] or found[4] or "folders"
    return {"page": page, "key": found[3] or "", "view": asked, **named}


def answer(site: Site, ask: Ask, seen: str | None = None) -> dict[str, Any] | None:
    """What a page shows; None where that is what was ``seen``."""
    page = PAGES.get(str(ask.get("page")))
    if page is None or not isinstance(ask.get("view"), Mapping):
        return missing("there is no such page")
    stamp = page.stamp(site, ask)
    if stamp is None:
        return missing("it is not in the index: it was moved or deleted, or never was there")
    stamp = f"{ask['page']}.{ask.get('key')}.{stamp}"
    if stamp == seen:
        return None
    return {"page": str(ask["page"]), "key": str(ask.get("key", "")), "stamp": stamp} | page.show(
        site, ask
    )


def missing(why: str) -> dict[str, Any]:
    """The page of an address that leads nowhere."""
    return {"page": "nothing", "stamp": "nothing", "why": text(why)}
