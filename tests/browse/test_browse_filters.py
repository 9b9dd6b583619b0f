"""Every filter of both tables: lists with their counts, "is not" and Find, bounds of numbers and days, their chips."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator

from tests.browse.oracle import MONTH, Oracle
from tests.browse.walk import AT_LENGTH, Walk, some, squeezed, tables
from tests.serving.browser import eventually

# The lists by the name of their group: the column, and whether values can be refused.
LISTS = {"Plan": "plan", "Industry": "industry", "Satisfaction": "band"}
OWN_LISTS = {"organizations": {"tier": "tier"}, "users": {"browser": "browser"}}
# The bounds by their label; those that both tables have first.
NUMBERS = {
    "MRR": "mrr",
    "Conversations": "conversations",
    "Sentiment": "sentiment",
    "Messages": "messages",
    "Scored conversations": "scored_conversations",
    "Unscored conversations": "unscored_conversations",
    "Sentiment by message": "message_sentiment",
    "Satisfied, 0 to 1": "satisfied_share",
    "Neutral, 0 to 1": "neutral_share",
    "Dissatisfied, 0 to 1": "dissatisfied_share",
    "Conversations with a user message": "written_conversations",
    "Change of conversations": "conversations_change",
    "Change of sentiment": "sentiment_change",
}
OWN_NUMBERS = {"organizations": {"Users": "users", "seats": "seats"}, "users": {"Organizations": "organization_count"}}
DAYS = {"First seen": "first_seen_at", "Last activity": "last_activity_at"}
MOST_CHOICES = 50


def offered(group: Locator) -> dict[str, int]:
    """Return what a list offers, with its counts."""
    options = group.locator("[id^=options-] .option").all_inner_texts()
    return {name: int(count.replace(",", "")) for name, count in (text.split("\n") for text in options)}


def counted(oracle: Oracle, rows: str, column: str) -> dict[str, int]:
    """Return how many rows have each value."""
    found = oracle.sql(f"select coalesce({column}, 'None'), count(*) from {rows} group by all")
    return {str(name): int(count) for name, count in found}


@tables("users")
def test_each_list_offers_what_there_is_with_its_count_and_chooses_refuses_and_lets_go(walk: Walk, table: str):
    rows = walk.oracle.rows(table)
    walk.open(table)
    panel: Locator
    walk.open_filters()
    panel = walk.page.locator("#filters-popover")
    for label, column in some({**OWN_LISTS[table], **LISTS}.items(), 2):
        group = panel.get_by_role("group", name=label, exact=True)
        choices = counted(walk.oracle, rows, column)
        assert offered(group) == choices
        value = min(choices, key=lambda one: (choices[one], one))
        box = group.locator("[id^=options-]").get_by_label(value).first
        walk.act(f"choose {label}", box.check)
        where = f"coalesce({column}, 'None') = '{value}'"
        walk.expect_total(walk.oracle.total(rows, where))
        assert offered(group) == choices  # its own choice takes none of its choices away
        walk.act(f"let {label} go", box.uncheck)
        group.locator("summary").focus()
        walk.page.keyboard.press("Enter")
        refused = group.get_by_label(f"{label} is not {value}")
        walk.act(f"refuse {label}", refused.check)
        walk.expect_total(walk.oracle.total(rows, f"not ({where})"))
        walk.act(f"refuse {label} no more", refused.uncheck)
        walk.expect_total(walk.oracle.total(rows))
    walk.page.keyboard.press("Escape")
    walk.expect_rows(table, rows)


@tables("organizations")
def test_each_status_is_counted_and_chosen_also_of_who_stays_away(walk: Walk, table: str):
    rows, ids = walk.oracle.rows(table), {"organizations": "organization_id", "users": "user_id"}[table]
    known = walk.oracle.sql(f"select count(*) from {table}('support', null, ?)", MONTH[1])[0][0]
    statuses = counted(walk.oracle, rows, "status")
    if known > walk.oracle.total(rows):
        statuses["dormant"] = known - walk.oracle.total(rows)
    walk.open(table)
    walk.open_filters()
    group = walk.page.locator("#filters-popover").get_by_role("group", name="Status", exact=True)
    assert offered(group) == statuses
    for status, count in statuses.items():
        box = group.locator("[id^=options-]").get_by_label(status)
        walk.act(f"choose {status}", box.check)
        walk.expect_total(count)
        walk.act(f"let {status} go", box.uncheck)
    walk.page.keyboard.press("Escape")
    walk.open(table, "?status=dormant&columns=" + ids)
    if "dormant" in statuses:
        name = walk.page.locator("#rows tbody td, #rows tbody th").first.inner_text()
        assert walk.oracle.total(rows, f"{ids} = '{name}'") == 0


@tables("users")
def test_an_organization_is_found_among_all_of_them_and_chosen(walk: Walk, table: str):
    """There are too many to list: the page offers the most frequent ones, and whichever is searched for."""
    rows = walk.oracle.rows(table)
    walk.open(table)
    walk.open_filters()
    group = walk.page.locator("#filters-popover").get_by_role("group", name="Organization", exact=True)
    assert group.locator("[id^=options-] .option").count() == MOST_CHOICES
    assert "Type to find others" in group.inner_text()
    wanted = "Company 1234"
    group.get_by_label("Find Organization").fill(wanted)
    named = walk.page.get_by_text(wanted, exact=True)
    found = group.locator("[id^=options-] .option", has=named).first
    walk.act("find an organization", found.wait_for)
    eventually(lambda: walk.page.locator("#filters-popover[aria-busy=true]").count(), 0)
    members = {"organizations": 1}.get(table) or walk.oracle.sql(
        """select count(distinct user_key) from fct_conversation_days where chatbot_id = 'support'
           and activity_date between ? and ? and organization_key in
           (select organization_key from dim_organizations where organization_name = ? and chatbot_id = 'support')""",
        *MONTH,
        wanted,
    )[0][0]
    assert squeezed(found.inner_text()) == f"{wanted} {members}"
    walk.act("choose an organization", found.get_by_role("checkbox").check)
    walk.expect_total(members)
    walk.page.keyboard.press("Escape")
    assert walk.texts("#chips .chip") == [f"Organization: {wanted}"]
    walk.click("#clear-all")
    walk.expect_rows(table, rows)


@tables("organizations")
def test_each_bound_of_a_number_and_no_value_choose_the_rows(walk: Walk, table: str):
    rows = walk.oracle.rows(table)
    walk.open(table)
    walk.open_filters()
    panel = walk.page.locator("#filters-popover")
    for label, column in some({**OWN_NUMBERS[table], **NUMBERS}.items(), 3):
        low, high = walk.oracle.sql(
            f"select quantile_cont({column}, [0.3, 0.7]) from {rows} where {column} is not null"
        )[0][0]
        least, most = (f"{float(value):.2f}" for value in (low, high))
        _fill(walk, panel, f"{label}, min", least, f"{column} >= {least}", rows)
        _fill(walk, panel, f"{label}, max", most, f"{column} between {least} and {most}", rows)
        empty = panel.get_by_label(f"{label}, no value", exact=True)
        if empty.count():
            walk.act(f"{label}, no value", empty.check)
            walk.expect_total(walk.oracle.total(rows, f"{column} between {least} and {most} or {column} is null"))
            walk.act(f"{label}, a value", empty.uncheck)
        if AT_LENGTH or column in ("mrr", "seats"):
            walk.expect_rows(table, rows, where=f"{column} between {least} and {most}")
        walk.fill(panel.get_by_label(f"{label}, min", exact=True), "", f"{label}, no min")
        _fill(walk, panel, f"{label}, max", "", "true", rows)
    walk.page.keyboard.press("Escape")
    walk.expect_rows(table, rows)


@tables("users")
def test_days_of_first_and_last_activity_choose_the_rows_and_their_chips_let_go(walk: Walk, table: str):
    rows = walk.oracle.rows(table)
    walk.open(table)
    walk.open_filters()
    panel = walk.page.locator("#filters-popover")
    chosen = []
    for label, column in DAYS.items():
        middle = walk.oracle.sql(f"select cast(quantile_disc({column}, 0.5) as date) from {rows}")[0][0]
        for end, day, sign in (("from", middle - timedelta(days=3), ">="), ("to", middle + timedelta(days=2), "<=")):
            chosen.append(f"cast({column} as date) {sign} date '{day}'")
            _fill(walk, panel, f"{label}, {end}", day.isoformat(), " and ".join(chosen), rows)
    walk.page.keyboard.press("Escape")
    walk.expect_rows(table, rows, where=" and ".join(chosen))
    assert len(walk.texts("#chips .chip")) == 2
    walk.click("#chip-2-remove")
    walk.click("#chip-1-remove")
    walk.expect_total(walk.oracle.total(rows))


@tables("organizations")
def test_a_minimum_sample_is_offered_where_sentiment_decides_the_order(walk: Walk, table: str):
    walk.open(table, "?sort=sentiment")
    walk.click("#offer")
    walk.expect_rows(table, walk.oracle.rows(table), sort="sentiment", where="scored_conversations >= 5")
    walk.open(table, "?sort=-messages")
    assert walk.texts(".view-chips .chip") == ["Sorted by: Messages, highest first"]
    walk.click("#view-chip-1-remove")
    walk.expect_rows(table, walk.oracle.rows(table))


def _fill(walk: Walk, panel: Locator, label: str, value: str, where: str, rows: Any) -> None:
    walk.fill(panel.get_by_label(label, exact=True), value, label)
    walk.expect_total(walk.oracle.total(rows, where))
