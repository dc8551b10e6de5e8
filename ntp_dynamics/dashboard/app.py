"""The server: one Dash page whose content follows the address.

Python decides what a page shows and sends it once as JSON; the scripts in assets/ draw it and move
it, so that a step of the slider asks nobody.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dash
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from flask import Response, request

from ntp_dynamics.dashboard import guard
from ntp_dynamics.dashboard.faults import complain
from ntp_dynamics.dashboard.pages import answer, missing, route
from ntp_dynamics.dashboard.pages.sweep import chosen
from ntp_dynamics.dashboard.site import Site
from ntp_dynamics.dashboard.table import as_csv
from ntp_dynamics.dashboard.views import file_at
from ntp_dynamics.record.plain import text
from ntp_dynamics.verdict.label import marks

TICK = 2000
"""Milliseconds between two looks at a record that may still change."""

INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" href="data:,">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""


def make_app(root: Path) -> Dash:
    """The application for a root."""
    for name in [name for name in os.environ if name.startswith("DASH_")]:
        del os.environ[name]  # settings of another application: this one has its own
    site = Site(root)
    app = Dash(
        __name__,
        title="ntp-dynamics",
        update_title="",
        index_string=INDEX,
        suppress_callback_exceptions=True,
        serve_locally=True,
        assets_ignore="95-export",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.server.config["SITE"] = site
    app.layout = _layout(site)
    _callbacks(app, site)
    _files(app, site)
    guard.protect(app.server, app.csp_hashes())
    return app


def _layout(site: Site) -> html.Div:
    told: dict[str, Any] = {"data-marks": json.dumps(marks())}
    return html.Div(
        [
            dcc.Location(id="address"),
            html.Header(
                [
                    html.A("ntp-dynamics", href="/", className="brand in"),
                    html.Nav(id="crumbs"),
                    html.Span(text(site.root.name), className="root", title=text(site.root)),
                    html.Button("◐", id="theme", title="light or dark", className="quiet"),
                ],
                className="top",
            ),
            html.Main(html.Div(id="page"), id="main"),
            dcc.Store(id="ask"),
            dcc.Store(id="answer"),
            dcc.Store(id="seen"),
            dcc.Interval(id="tick", interval=TICK),
        ],
        id="shell",
        **told,
    )


def _callbacks(app: Dash, site: Site) -> None:
    """`ask` is what the page wants to know, `answer` what it is told; the tick asks again."""

    @app.callback(Output("ask", "data"), Input("address", "pathname"), Input("address", "search"))
    def asked(path: str | None, search: str | None) -> dict[str, Any]:
        return route(path or "/", search or "")

    @app.callback(
        Output("answer", "data"),
        Input("ask", "data"),
        Input("tick", "n_intervals"),
        State("seen", "data"),
    )
    def answered(ask: dict[str, Any] | None, _: int | None, seen: str | None) -> Any:
        ticked = dash.ctx.triggered_id == "tick"
        try:
            told = answer(site, ask or {}, seen if ticked else None)
        except Exception as error:  # a page says what went wrong, and the server goes on
            complain("a page", error)
            told = missing(f"this page could not be made ({type(error).__name__}: {error})")
        return no_update if told is None else told

    app.clientside_callback(
        ClientsideFunction("ntp", "draw"), Output("seen", "data"), Input("answer", "data")
    )
    app.clientside_callback(
        ClientsideFunction("ntp", "asked"), Output("page", "title"), Input("ask", "data")
    )
    app.clientside_callback(
        ClientsideFunction("ntp", "theme"),
        Output("theme", "title"),
        Input("theme", "n_clicks"),
        prevent_initial_call=True,
    )


def _files(app: Dash, site: Site) -> None:
    """Beside the page: plotly's script, the files of studies' views, and tables as CSV."""
    import plotly

    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

    @app.server.get("/plotly.min.js")
    def plotly_script() -> Response:
        response = Response(script.read_bytes(), mimetype="text/javascript")
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    @app.server.get("/studies/<study>/<name>")
    def file_of_a_view(study: str, name: str) -> Response:
        path = file_at(study, name)
        if path is None:
            return Response("no such file\n", 404, mimetype="text/plain")
        kind = "text/css" if path.suffix == ".css" else "text/javascript"
        return Response(path.read_bytes(), mimetype=kind)

    @app.server.get("/jobs/<key>.csv")
    def jobs_csv(key: str) -> Response:
        folder = site.folder(key)
        if folder is None:
            return Response("no such folder\n", 404, mimetype="text/plain")
        jobs = chosen(folder, request.args)
        name = "".join(c if c.isalnum() else "_" for c in folder.name)[:60] or "jobs"
        head = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(as_csv(folder, jobs), mimetype="text/csv", headers=head)
