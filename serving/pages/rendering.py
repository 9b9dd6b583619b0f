"""Renders the templates. What they show comes from the view models; every text is escaped.

No HTML is written in Python: it is all in templates/.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.access.identify import COOKIE
from serving.pages.assets import assets

TEMPLATES = Path(__file__).parent / "templates"
# Light or dark, if the reader chose; else the system's preference holds, which only the browser knows.
SCHEMES = ("light", "dark")
SCHEME_COOKIE = "scheme"
PRIVATE = {"Cache-Control": "no-store"}


@cache
def environment() -> Environment:
    """Return the templates, all of them compiled, so that no reader waits for it."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters["said"] = _said
    for name in found.list_templates():
        found.get_template(name)
    return found


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """Return a page: a template and what it shows."""
    chosen = request.cookies.get(SCHEME_COOKIE)
    text = (
        environment()
        .get_template(template)
        .render(
            assets=assets(),
            scheme=chosen if chosen in SCHEMES else None,
            signed_in=COOKIE in request.cookies and hasattr(request.state, "reader"),
            **shown,
        )
    )
    return HTMLResponse(text, status, PRIVATE)


def _said(text: str) -> Sequence[tuple[bool, str]]:
    """Return a text in parts, each with whether it stands between backquotes: it is a command or a file then."""
    return [(index % 2 == 1, part) for index, part in enumerate(text.split("`")) if part]
