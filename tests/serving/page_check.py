"""What a page must show is what SQL on the snapshot says: the check, for any published directory, chatbot and clock."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from serving.pages import formats
from serving.snapshot import Chatbot, Snapshots
from serving.tables.columns import TABLES
from serving.tables.ranges import days_of, today_of
from tests.serving.browser import eventually, open_filters, shown_rows, sort_by
from tests.serving.published_fixture import read

PAGE_ROWS = 20


def expected(published: Path, chatbot: Chatbot, table: str, ordered: str, where: str = "true", days=(None, None)):
    """Return the cells that a page must show, from SQL on the snapshot."""
    columns = TABLES[table].default_columns
    rows = read(
        published,
        f"select {', '.join(columns)} from {table}(?, ?, ?) where {where} "
        f"order by {ordered} nulls last, {TABLES[table].id_column} limit {PAGE_ROWS}",
        chatbot.chatbot_id,
        *days,
    )
    return [
        {name: as_shown(chatbot, table, name, value) for name, value in zip(columns, row, strict=True)} for row in rows
    ]


def as_shown(chatbot: Chatbot, table: str, name: str, value: Any) -> str:
    shown = formats.cell(TABLES[table].column(name), value, chatbot)
    if name == "sentiment":
        return "—" if shown is None else f"{shown['label']}{shown['text']}"
    return re.sub(r"\s+", " ", shown).strip()


def cells(page: Page) -> list[dict[str, str]]:
    rows = shown_rows(page)
    return [{name: re.sub(r"\s+", " ", text) for name, text in (row or {}).items()} for row in rows]


def without_spaces(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: text.replace(" ", "") for name, text in row.items()} for row in rows]


def check_page(page: Page, address: str, published: Path, chatbot_id: str, table: str, now: datetime) -> None:
    """Read a page over all time; order it both ways that people come for; filter, reload, hide, change the range."""
    chatbot = Snapshots(published).current().chatbots[chatbot_id]

    def shows(ordered: str, where: str = "true", days=(None, None)) -> None:
        wanted = without_spaces(expected(published, chatbot, table, ordered, where, days))
        eventually(lambda: without_spaces(cells(page)), wanted)

    page.goto(f"{address}/platform/{chatbot_id}/{table}?range=all_time")
    shows("last_activity_at desc")
    total = read(published, f"select count(*) from {table}(?, null, null)", chatbot_id)[0][0]
    assert page.locator("#row-count").inner_text() == f"1–{min(PAGE_ROWS, total)} of {total:,}"

    sort_by(page, "sentiment", "ascending")
    shows("sentiment asc")
    sort_by(page, "mrr", "descending")
    shows("mrr desc")

    open_filters(page).get_by_label("Conversations, min", exact=True).fill("2")
    shows("mrr desc", "conversations >= 2")
    page.keyboard.press("Escape")
    page.reload()
    shows("mrr desc", "conversations >= 2")
    assert "conversations_min=2" in page.url
    page.get_by_text("Clear all").click()
    shows("mrr desc")

    page.click("#columns-button")
    page.get_by_role("checkbox", name="Plan").uncheck()
    eventually(lambda: {"plan"} & {name for row in cells(page) for name in row}, set())
    page.go_back()
    shows("mrr desc")

    page.click("#range-button")
    page.get_by_role("link", name="This month").click()
    days = days_of("this_month", today_of(chatbot, now), chatbot.week_start)
    shows("mrr desc", days=days)
