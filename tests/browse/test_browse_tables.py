"""The controls of both tables but the filters: columns, order, widths, range, pages, search and files."""

import csv
import io
from collections.abc import Callable
from datetime import date

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from tests.browse.oracle import ALL_TIME, DRAWN, MONTH, NAMES, WRITTEN
from tests.browse.walk import AT_LENGTH, Walk, some, tables
from tests.serving.browser import eventually, heading, sort_by

SIZES = (10, 20, 50, 100)
ORDERS = some((("ascending", ""), ("descending", "-")), 1)
USUAL = {
    "organizations": ["organization_name", "plan", "industry", "mrr", "conversations", "users", "sentiment"],
    "users": ["user_name", "email", "organization_name", "plan", "mrr", "conversations", "sentiment"],
}
PRESETS = {
    "Today": (MONTH[1], MONTH[1]),
    "Yesterday": (date(2026, 11, 27), date(2026, 11, 27)),
    "This week": (date(2026, 11, 23), MONTH[1]),
    "Last week": (date(2026, 11, 16), date(2026, 11, 22)),
    "This month": MONTH,
    "Last month": (date(2026, 10, 1), date(2026, 10, 31)),
    "This year": (date(2026, 1, 1), MONTH[1]),
    "Last year": (date(2025, 1, 1), date(2025, 12, 31)),
    "All time": ALL_TIME,
}


@tables("users")
def test_each_column_is_chosen_and_sorts_the_whole_table_both_ways(walk: Walk, table: str):
    walk.open(table, "?limit=10")
    walk.expect_rows(table, walk.oracle.rows(table), limit=10)
    assert walk.columns() == [*USUAL[table], "last_activity_at"]
    walk.page.click("#columns-button")
    every = [*WRITTEN[table], *DRAWN]
    for name in some((one for one in every if one not in walk.columns()), 4):
        walk.act(f"show {name}", walk.page.locator(f"[id='column-{name}']").check)
        eventually(lambda name=name: walk.columns()[-1], name)
    if not AT_LENGTH:
        walk.open(table, f"?limit=10&{'&'.join(f'columns={name}' for name in every)}")
    assert set(walk.columns()) == set(every)
    walk.page.keyboard.press("Escape")
    rows = walk.oracle.rows(table)
    walk.expect_rows(table, rows, limit=10)
    assert walk.page.locator("#rows tbody svg.spark").count() > 10
    for name in some(WRITTEN[table], 5):
        for order, sign in ORDERS:
            walk.act(f"sort {sign}{name}", lambda name=name, order=order: sort_by(walk.page, name, order))
            walk.expect_rows(table, rows, sort=f"{sign}{name}", limit=10)
    walk.page.click("#columns-button")
    walk.click("#columns-reset")
    eventually(walk.columns, [*USUAL[table], "last_activity_at"])


@tables("organizations")
def test_columns_move_and_keep_the_width_that_they_are_given(walk: Walk, table: str):
    walk.open(table)
    first, second = walk.columns()[1:3]
    walk.page.click("#columns-button")
    walk.click(f"[id='down-{first}']")
    eventually(lambda: walk.columns()[1:3], [second, first])
    walk.click(f"[id='up-{first}']")
    eventually(lambda: walk.columns()[1:3], [first, second])
    walk.page.keyboard.press("Escape")

    def width() -> int:
        return round(heading(walk.page, "mrr").bounding_box()["width"])

    grip = walk.page.locator("#width-mrr")
    usual, at = width(), grip.bounding_box()
    walk.page.mouse.move(at["x"] + 2, at["y"] + 5)
    walk.page.mouse.down()
    walk.page.mouse.move(at["x"] + 82, at["y"] + 5, steps=3)
    walk.act("drag the edge of a column", walk.page.mouse.up)
    eventually(lambda: "width" in walk.state(), True)
    assert width() > usual + 40
    dragged = width()
    grip.focus()
    walk.act("width by keys", lambda: walk.page.keyboard.press("ArrowRight"))
    eventually(lambda: walk.state()["width"], [f"mrr:{dragged + 16}"])
    walk.act("sort", lambda: sort_by(walk.page, "mrr", "descending"))
    assert abs(width() - dragged - 16) <= 1
    grip.focus()
    walk.act("width given back", lambda: walk.page.keyboard.press("Delete"))
    eventually(lambda: "width" in walk.state(), False)


@tables("users")
def test_each_named_range_the_calendar_and_the_clock_of_attributes_choose_the_rows(walk: Walk, table: str):
    walk.open(table)
    for name, days in some(PRESETS.items(), 2):
        walk.page.click("#range-button")
        walk.click(walk.page.get_by_role("link", name=name, exact=True), name)
        eventually(lambda name=name: walk.page.locator("#range-label").inner_text(), name)
        walk.expect_rows(table, walk.oracle.rows(table, days, None))
    walk.page.click("#range-button")
    walk.page.get_by_label("First day").fill("2026-10-10")
    walk.page.get_by_label("Last day").fill("2026-10-12")
    walk.click(walk.page.get_by_role("button", name="Show these days"), "calendar")
    october = (date(2026, 10, 10), date(2026, 10, 12))
    walk.expect_rows(table, walk.oracle.rows(table, october, None))
    walk.page.click("#range-button")
    walk.click("#clock-2")
    walk.expect_rows(table, walk.oracle.rows(table, october, None, "now"))
    walk.page.keyboard.press("Escape")
    assert "Attributes: as of now" in walk.texts(".view-chips .chip")
    walk.click("#view-chip-1-remove")
    walk.expect_rows(table, walk.oracle.rows(table, october, None))


@tables("organizations")
def test_each_step_and_size_of_a_page_shows_its_part_of_the_rows(walk: Walk, table: str):
    rows = walk.oracle.rows(table)
    total = walk.oracle.total(rows)
    walk.open(table, "?sort=-mrr")
    steps = {
        "#next-page": 20,
        "#above-next": 40,
        "#previous-page": 20,
        "#last-page": (total - 1) // 20 * 20,
        "#above-previous": (total - 1) // 20 * 20 - 20,
        "#first-page": 0,
    }
    for step, offset in steps.items():
        walk.click(step)
        walk.expect_rows(table, rows, sort="-mrr", offset=offset)
    for size in SIZES:
        walk.click(walk.page.get_by_title(f"Show {size} rows a page"), f"{size} rows a page")
        walk.expect_rows(table, rows, sort="-mrr", limit=size)


@tables("users")
def test_search_is_typed_reached_by_its_key_and_taken_away(walk: Walk, table: str):
    walk.open(table)
    walk.page.keyboard.press("/")
    walk.act("search", lambda: (walk.page.keyboard.type("77"), walk.page.wait_for_url("**search=77*")))
    where = {
        "organizations": "contains(organization_name, '77') or contains(organization_id, '77')",
        "users": "contains(user_name, '77') or contains(email, '77') or contains(user_id, '77')",
    }[table]
    walk.expect_rows(table, walk.oracle.rows(table), where=where)
    assert walk.texts("#chips .chip") == ["Search: “77”"]
    walk.click("#chip-1-remove")
    walk.expect_rows(table, walk.oracle.rows(table))
    walk.page.keyboard.press("/")
    walk.act("search for nothing", lambda: (walk.page.keyboard.type("zz%_"), walk.page.wait_for_url("**search=zz*")))
    walk.expect_total(0)
    walk.click("#empty-action")
    walk.expect_rows(table, walk.oracle.rows(table))


@tables("users")
@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_each_file_holds_the_whole_result_with_the_columns_shown(walk: Walk, table: str, suffix: str):
    condition, state = "plan = 'starter'", "plan=starter"
    if AT_LENGTH:  # one workbook of a quarter of all takes minutes
        condition, state = "plan = 'starter' and industry = 'Software'", "plan=starter&industry=Software"
    walk.open(table, f"?{state}&sort=-mrr")
    walk.page.click("#export-button")
    with walk.page.expect_download() as download:
        walk.page.click(f"#export-{suffix}")
    content = download.value.path().read_bytes()
    read: dict[str, Callable[[], list[str]]] = {
        "csv": lambda: [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:],
        "parquet": lambda: pq.read_table(io.BytesIO(content)).column(0).to_pylist(),
        "xlsx": lambda: [row[0] for row in load_workbook(io.BytesIO(content), True).active.values][1:],
    }
    rows = walk.oracle.rows(table)
    total = walk.oracle.total(rows, condition)
    names = walk.oracle.written(table, rows, [NAMES[table]], sort="-mrr", where=condition, limit=total)
    assert total > 0
    assert read[suffix]() == [row[0] for row in names]
