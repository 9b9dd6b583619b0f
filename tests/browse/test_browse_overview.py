"""The overview: totals, satisfaction over time, groups, the most dissatisfied and the revenue at risk; and its ways."""

from datetime import date

from playwright.sync_api import Page

from tests.browse.oracle import MONTH, MONTH_BEFORE
from tests.browse.walk import Walk, squeezed
from tests.serving.browser import eventually

AT_RISK = """
    select now.organization_name, now.mrr
    from (select organization_id, coalesce(organization_name, organization_id) as organization_name, mrr
          from dim_organizations where chatbot_id = 'support' and mrr > 0 and shown_to_date is null) as now
    left join organizations('support', ?, ?) as this on this.organization_id = now.organization_id
    left join organizations('support', ?, ?) as before on before.organization_id = now.organization_id
    where (this.organization_id is not null or before.organization_id is not null) and (
        (this.scored_conversations >= 3 and this.sentiment <= -0.2000000005)
        or (this.scored_conversations >= 3 and before.scored_conversations >= 3
            and round(before.sentiment - this.sentiment, 9) >= 0.2)
        or (before.conversations >= 4 and coalesce(this.conversations, 0) <= before.conversations * 0.5))
"""
GROUPS = {
    "By plan": ("organization", "select organization_key as key, plan as value from dim_organizations where {shown}"),
    "By industry": (
        "organization",
        "select organization_key as key, industry as value from dim_organizations where {shown}",
    ),
    "By tier": (
        "organization",
        "select entity_key as key, text_value as value from dim_custom_values where field = 'tier' and {shown}",
    ),
    "By browser": (
        "user",
        "select entity_key as key, text_value as value from dim_custom_values where field = 'browser' and {shown}",
    ),
    "By device": (
        "conversation",
        "select distinct conversation_key as key, device as value from fct_conversation_days where {own}",
    ),
}
OWN = "chatbot_id = 'support'"
SHOWN = f"{OWN} and shown_to_date is null"


def section(page: Page, title: str) -> list[list[str]]:
    """Return the cells of the table under a title."""
    rows = page.locator("section.sheet", has=page.get_by_role("heading", name=title, exact=True)).locator("tbody tr")
    return [[squeezed(cell) for cell in row.locator("th, td").all_inner_texts()] for row in rows.all()]


def test_the_totals_and_every_group_are_those_of_the_conversations(walk: Walk):
    walk.open("overview")
    conversations, users, organizations = walk.oracle.sql(
        """select count(*), count(distinct user_key), count(distinct organization_key)
           from conversations_in_range('support', ?, ?) where organization_key is not null""",
        *MONTH,
    )[0]
    wanted = [f"{count:,}" for count in (conversations, users, organizations)]
    assert walk.texts("#totals .figure .value")[:3] == wanted
    for title, (kind, valued) in GROUPS.items():
        found = walk.oracle.sql(
            f"""select coalesce(value, 'None'), format('{{:,}}', count(*)), format('{{:,}}', count(sentiment))
                from conversations_in_range('support', ?, ?)
                left join ({valued.format(shown=SHOWN, own=OWN)}) on key = {kind}_key
                group by value order by count(*) desc""",
            *MONTH,
        )
        shown = [[row[0], row[1], row[3]] for row in section(walk.page, title)]
        assert sorted(shown) == sorted(map(list, found))
    walk.expect_whole_texts()


def test_a_group_leads_to_its_organizations_and_the_unhappy_to_all_of_them(walk: Walk):
    walk.open("overview")
    walk.click(walk.page.get_by_role("link", name="Retail", exact=True), "a group")
    rows = walk.oracle.rows("organizations")
    walk.expect_rows("organizations", rows, where="industry = 'Retail'")
    walk.page.go_back()
    walk.settle()
    for table in ("organizations", "users"):
        where = "scored_conversations >= 3 and sentiment <= 0"
        total = walk.oracle.total(walk.oracle.rows(table), where)
        names = [row[0] for row in section(walk.page, f"Most dissatisfied {table}")]
        assert len(names) == min(8, total)
        if total:
            walk.click(walk.page.get_by_role("link", name=f"All of them in {table.capitalize()}"), "all unhappy")
            walk.expect_rows(table, walk.oracle.rows(table), where=where, sort="sentiment")
            walk.page.go_back()
            walk.settle()


def test_the_revenue_at_risk_is_that_of_the_rules_each_organization_once(walk: Walk):
    walk.open("overview")
    count, mrr = walk.oracle.sql(f"select count(*), sum(mrr) from ({AT_RISK})", *MONTH, *MONTH_BEFORE)[0]
    assert walk.texts("section .sum .value") == [f"${int(mrr):,}"]
    assert walk.texts("section .sum .hint")[0].startswith(f"from {count:,} organizations")
    walk.page.get_by_text("The rules").click()
    assert len(walk.texts(".rules li")) == 3
    paid = [row[1] for row in section(walk.page, "Revenue at risk")]
    most = walk.oracle.sql(f"{AT_RISK} order by now.mrr desc limit {len(paid)}", *MONTH, *MONTH_BEFORE)
    assert paid == [f"${int(amount):,}" for _, amount in most]
    walk.click(walk.page.locator("#risk tbody a").first, "one at risk")
    assert walk.page.locator("#figures").is_visible()


def test_satisfaction_over_time_has_each_day_and_follows_the_range(walk: Walk):
    walk.open("overview")
    for name, days in (("This month", MONTH), ("Last week", (date(2026, 11, 16), date(2026, 11, 22)))):
        walk.page.click("#range-button")
        walk.click(walk.page.get_by_role("link", name=name, exact=True), name)
        eventually(lambda name=name: walk.page.locator("#range-label").inner_text(), name)
        if not walk.page.locator(".trend .twin tbody").is_visible():
            walk.page.locator(".trend .twin summary").click()
        scored = walk.oracle.sql(
            """select count(distinct (activity_date, conversation_key)) from fct_conversation_days
               where chatbot_id = 'support' and activity_date between ? and ? and scored_messages > 0""",
            *days,
        )[0][0]
        rows = [row.split("\t") for row in walk.page.locator(".trend .twin tbody tr").all_inner_texts()]
        assert len(rows) == (days[1] - days[0]).days + 1
        assert sum(int(cell.replace(",", "")) for row in rows for cell in row[1:4]) == scored
