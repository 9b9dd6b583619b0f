"""The pages of one organization and of one user: figures, attributes, history, trend, the other side, the receipt."""

import csv
import io
from datetime import date

from tests.benchmarks.large_snapshot import CHATBOT, id_of
from tests.browse.oracle import FIGURES, MONTH
from tests.browse.walk import Walk, some, tables, without_blanks
from tests.serving.browser import eventually, shown_rows, sort_by

# An organization whose plan changed, and a user.
WHO = {"organizations": ("organization", 20), "users": ("user", 3)}
SHOWN_FIGURES = (
    "conversations",
    "users",
    "messages",
    "sentiment",
    "message_sentiment",
    "scored_conversations",
    "unscored_conversations",
    "satisfied_share",
    "neutral_share",
    "dissatisfied_share",
)
# The lines of a receipt by column, in words of SQL over the days of the conversations.
LINES = """
    select conversation_id, min(first_message_at) as first_message_at, max(last_message_at) as last_message_at,
        cast(sum(messages) as bigint) as messages, cast(sum(user_messages) as bigint) as user_messages,
        cast(sum(scored_messages) as bigint) as scored_messages,
        cast(sum(score_sum) / nullif(sum(scored_messages), 0) as decimal(18, 12)) as sentiment
    from fct_conversation_days
    where chatbot_id = 'support' and activity_date between ? and ? and {kind}_id = ?
    group by conversation_id
"""
SORTED = ("conversation_id", "first_message_at", "messages", "user_messages", "sentiment", "scored_messages")


def who(table: str) -> tuple[str, str]:
    """Return the kind and the id of the one whose page is walked."""
    kind, number = WHO[table]
    return kind, id_of(kind[0], number)


@tables("organizations")
def test_figures_attributes_and_history_are_those_of_the_row(walk: Walk, table: str):
    kind, one = who(table)
    walk.open(f"{table}/{one}")
    names = [name for name in SHOWN_FIGURES if name in FIGURES or (name == "users" and table == "organizations")]
    texts = [FIGURES.get(name, "format('{:,}', users)") for name in names]
    found = walk.oracle.sql(
        f"select {', '.join(texts)}, * from {table}('{CHATBOT}', ?, ?) where {kind}_id = ?", *MONTH, one
    )[0][: len(names)]
    shown = {without_blanks(text) for text in walk.texts("#figures .value")}
    assert {without_blanks(text or "—") for text in found} <= shown
    versions = walk.oracle.sql(
        f"select plan, industry, mrr from dim_{table}"
        f" where chatbot_id = 'support' and {kind}_id = ? order by valid_from",
        one,
    )
    attributes = dict(zip(walk.texts("#attributes dt"), walk.texts("#attributes dd"), strict=True))
    assert attributes["Plan"] == (versions[-1][0] or "—")
    assert attributes["Industry"] == (versions[-1][1] or "—")
    assert attributes["MRR"] == ("—" if versions[-1][2] is None else f"${int(versions[-1][2]):,}")
    assert len(walk.texts("#history tbody tr")) >= len(versions)
    if len(versions) > 1:
        assert f"Plan: {versions[0][0] or '—'} → {versions[1][0] or '—'}" in " ".join(walk.texts("#history tbody tr"))
    own = {"organizations": {"tier", "seats"}, "users": {"browser"}}[table]
    assert own <= set(attributes)
    walk.expect_whole_texts()


@tables("users")
def test_each_day_of_the_trend_and_the_other_side_add_up(walk: Walk, table: str):
    kind, one = who(table)
    walk.open(f"{table}/{one}")
    walk.page.locator("details.twin summary").first.click()
    days = walk.oracle.sql(
        f"""select strftime(activity_date, '%b %-d, %Y'), format('{{:,}}', count(distinct conversation_id))
            from fct_conversation_days where chatbot_id = 'support' and {kind}_id = ?
            and activity_date between ? and ? group by activity_date order by activity_date""",
        one,
        *MONTH,
    )
    rows = [row.split("\t")[:2] for row in walk.page.locator(".trend .twin tbody tr").all_inner_texts()]
    assert len(rows) == MONTH[1].day
    assert [row for row in rows if row[1] != "0"] == [list(day) for day in days]
    other = "organization" if kind == "user" else "user"
    others = walk.oracle.sql(
        f"""select count(distinct conversation_id) from fct_conversation_days where chatbot_id = 'support' and
            {kind}_id = ? and activity_date between ? and ? group by {other}_id order by 1 desc limit 10""",
        one,
        *MONTH,
    )
    assert [int(text) for text in walk.texts("#others tbody td.count")] == [count for (count,) in others]
    first = walk.page.locator("#others tbody a").first
    name = first.inner_text()
    walk.click(first, "the other side")
    assert walk.page.locator("h1").inner_text() == name


@tables("organizations")
def test_the_receipt_has_each_conversation_in_every_order_and_as_a_file(walk: Walk, table: str):
    kind, one = who(table)
    lines = LINES.format(kind=kind)
    walk.open(f"{table}/{one}")
    total = int(walk.page.locator("#conversations-title .total").inner_text())
    for column in SORTED:
        for order, direction in some((("ascending", "asc"), ("descending", "desc")), 1):
            walk.act(f"sort {column}", lambda column=column, order=order: sort_by(walk.page, column, order))
            wanted = walk.oracle.sql(
                f"select conversation_id from ({lines}) order by {column} {direction} nulls last, 1 limit 20",
                *MONTH,
                one,
            )
            eventually(
                lambda: [[row["conversation_id"]] for row in shown_rows(walk.page)], [list(row) for row in wanted]
            )
    sums = walk.oracle.sql(
        f"select count(*), sum(messages) from ({lines})",
        *MONTH,
        one,
    )[0]
    assert total == sums[0]
    assert f"{int(sums[1]):,}" in walk.texts("#figures .value")
    walk.page.click("#export-button")
    with walk.page.expect_download() as download:
        walk.page.click("#export-csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) == total
    assert sum(int(row["messages"]) for row in rows) == sums[1]
    if total > 10:
        walk.click(walk.page.get_by_title("Show 10 rows a page"), "10 lines a page")
        walk.click("#next-page")
        eventually(lambda: walk.page.locator("#row-count").inner_text(), f"11–{min(20, total)} of {total}")


@tables("users")
def test_a_range_of_its_own_and_the_way_back_keep_each_other(walk: Walk, table: str):
    kind, one = who(table)
    walk.open(f"{table}/{one}")
    for name, days in (
        ("Last month", (date(2026, 10, 1), date(2026, 10, 31))),
        ("All time", (date(1, 1, 1), date(9999, 12, 31))),
    ):
        walk.page.click("#range-button")
        walk.click(walk.page.get_by_role("link", name=name, exact=True), name)
        lines = walk.oracle.sql(f"select count(*) from ({LINES.format(kind=kind)})", *days, one)[0][0]
        eventually(lambda: int(walk.page.locator("#conversations-title .total").inner_text()), lines)
    walk.click("#back", "back to the table")
    walk.expect_total(walk.oracle.sql(f"select count(*) from {table}('support', null, null)")[0][0])
