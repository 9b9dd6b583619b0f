"""The panel "Data quality" of a page: how complete one chatbot's data is, and what in it does not agree.

The numbers are of all time and of the whole chatbot, whatever the page's range and filters.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from serving.snapshot import Chatbot, Snapshot
from serving.tables.quality import read_whole_quality, unread_files

SHARES = {
    "user_id_share": ("User id", "Not known by e-mail only, and not anonymous"),
    "organization_share": ("Organization", "The conversation names an organization"),
    "plan_share": ("Plan", "The organization has a plan now"),
    "mrr_share": ("MRR", "The organization has an MRR now; 0 is one"),
    "scored_share": ("Sentiment", "At least one message is scored"),
}
# Singular, plural, and what to do about it; text between backquotes is a command or a file.
CONFLICTS = {
    "shared_emails": (
        "e-mail belongs to several users",
        "e-mails belong to several users",
        "review with `clientele identity suggest`",
    ),
    "shared_ids": (
        "user id has several e-mails or names",
        "user ids have several e-mails or names",
        "look for placeholders with `clientele identity suggest`",
    ),
    "shared_names": (
        "name belongs to several organizations",
        "names belong to several organizations",
        "review with `clientele identity suggest`",
    ),
    "known_names": (
        "organization without an id has the name or id of another",
        "organizations without an id have the name or id of another",
        "merge the true ones in `identity.csv`",
    ),
    "mrr_unit_conflicts": (
        "organization has an MRR that differs from a user's by a factor of 100",
        "organizations have an MRR that differs from a user's by a factor of 100",
        "check which one is sent in cents",
    ),
    "several_users_conversations": (
        "conversation names several users",
        "conversations name several users",
        "each counts for the one named last",
    ),
}


def quality_button(snapshot: Snapshot, chatbot: Chatbot) -> Component | None:
    """Return the button with its panel, which is filled when it opens; None where the snapshot has no such table."""
    quality = read_whole_quality(snapshot, chatbot)
    if quality is None:
        return None
    conflicts = sum(1 for name in CONFLICTS if quality[name])
    unspoken: dict[str, Any] = {"aria-hidden": "true"}
    mark = html.Span(className="quality-mark", title=f"Conflicts of {conflicts} kinds") if conflicts else None
    button = dmc.Button(
        [html.Span("Data quality", className="quality-label"), mark],
        leftSection=html.Span(className="icon icon-quality", **unspoken),
        variant="subtle",
        color="gray",
        size="compact-md",
        className="quality-button",
        id="quality-button",
        **{"aria-label": "Data quality"},
    )
    return dmc.Popover(
        [dmc.PopoverTarget(button), dmc.PopoverDropdown(html.Div(id="quality", className="panel panel-quality"))],
        id="quality-popover",
        width=380,
        keepMounted=True,
        position="bottom-end",
        shadow="md",
        trapFocus=True,
        returnFocus=True,
        transitionProps={"duration": 0},
    )


def quality_panel(snapshot: Snapshot, chatbot: Chatbot) -> list[Component]:
    """Return what the panel says of a chatbot."""
    quality = read_whole_quality(snapshot, chatbot)
    if quality is None:
        return []
    count = quality["conversations"]
    about = f"{count:,} conversation{'' if count == 1 else 's'} of {chatbot.name}, all time"
    found = [_conflict(name, quality[name]) for name in CONFLICTS if quality[name]]
    unread = unread_files(snapshot)
    return [
        html.H2("Data quality"),
        html.P(about, className="hint"),
        html.Div([_bar(*label, quality[name]) for name, label in SHARES.items()], className="quality-shares"),
        html.Ul(found, className="quality-conflicts")
        if found
        else html.P("No conflicts between users, organizations and MRR.", className="quality-agrees"),
        *([_unread(unread)] if unread else []),
    ]


def _unread(count: int) -> Component:
    said = "file of the inbox was not read" if count == 1 else "files of the inbox were not read"
    return html.P(
        [html.Strong(f"{count:,}"), f" {said}: see ", html.Code("clientele status")], className="quality-unread"
    )


def percent(share: float | None) -> str:
    """Return a share in whole percent, which says 0 % and 100 % only where that is exact; a dash without one."""
    if share is None:
        return "—"
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def _bar(label: str, meaning: str, share: float | None) -> Component:
    filled = html.Span(className="quality-filled", style={"width": f"{(share or 0) * 100:.2f}%"})
    return html.Div(
        [
            html.Span(label, className="quality-what"),
            html.Span(filled, className="quality-bar"),
            html.Span(percent(share), className="quality-percent"),
        ],
        className="quality-share",
        title=meaning,
    )


def _conflict(name: str, count: int) -> Component:
    one, several, advice = CONFLICTS[name]
    parts = advice.split("`")
    said = [html.Code(part) if index % 2 else part for index, part in enumerate(parts) if part]
    return html.Li([html.Strong(f"{count:,}"), f" {one if count == 1 else several}: ", *said])
