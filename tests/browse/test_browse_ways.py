"""What stands around both tables: links of rows and of the header, own accounts, saved views, keys, colours, totals."""

from tests.browse.conftest import SAVED
from tests.browse.oracle import MONTH, MONTH_BEFORE, NAMES, signed
from tests.browse.walk import Walk, tables
from tests.serving.browser import shown_rows


@tables("organizations")
def test_every_link_of_a_row_and_of_the_header_leads_to_what_it_says(walk: Walk, table: str):
    walk.open(table, "?sort=-conversations")
    name = shown_rows(walk.page)[0][NAMES[table]]
    walk.click(walk.page.locator("#rows tbody .name a").first, "name of a row")
    assert walk.page.locator("h1").inner_text() == name
    walk.page.go_back()
    walk.settle()
    if table == "organizations":
        users = int(shown_rows(walk.page)[0]["users"])
        walk.click(walk.page.locator("td[data-label=Users] a").first, "users of a row")
        walk.expect_total(users)
        assert walk.texts("#chips .chip") == [f"Organization: {name}"]
        walk.page.go_back()
        walk.settle()
    else:
        company = shown_rows(walk.page)[0]["organization_name"]
        walk.click(walk.page.locator("td[data-label=Organization] a").first, "organization of a row")
        assert walk.page.locator("h1").inner_text() == company
        walk.page.go_back()
        walk.settle()
    other = "users" if table == "organizations" else "organizations"
    walk.click(walk.page.locator("#tabs").get_by_role("link", name=other.capitalize()), "the other table")
    walk.expect_total(walk.oracle.total(walk.oracle.rows(other)))
    walk.page.click("#chatbot-button")
    walk.click(walk.page.get_by_role("link", name="Sales", exact=True), "another chatbot")
    sales = walk.oracle.sql(f"select count(*) from {other}('sales', ?, ?)", *MONTH)[0][0]
    walk.expect_total(sales)
    walk.click("#home", "home")
    ways = walk.texts(".card h2")
    assert ways == ["Sales", "Support"]


@tables("organizations")
def test_own_accounts_are_counted_on_request(walk: Walk, table: str):
    walk.open(table)
    (left_out,) = walk.oracle.sql(
        "select count(distinct conversation_key) from excluded_conversation_days where activity_date between ? and ?",
        *MONTH,
    )[0]
    notice = f"{left_out:,} conversation{'s' if left_out != 1 else ''} of your own accounts"
    assert walk.texts("#notices .notice")[0].startswith(notice)
    walk.click("#notices a", "show own accounts")
    walk.expect_rows(table, walk.oracle.rows(table, excluded="include"))
    walk.click("#notices a", "leave own accounts out")
    walk.expect_rows(table, walk.oracle.rows(table))


def test_a_saved_view_its_command_the_quality_the_keys_and_the_colours_are_at_hand(walk: Walk):
    walk.open("users")
    walk.page.click("#views-button")
    assert "clientele views save" in walk.page.locator("#save-view").inner_text()
    walk.click("#view-1", "saved view")
    rows = walk.oracle.rows("users")
    walk.expect_rows("users", rows, sort="sentiment", where="plan = 'pro'")
    assert walk.page.locator("#view-1").inner_text() == SAVED.name
    walk.page.click("#quality-button")
    conversations = walk.oracle.sql("select count(*) from conversations_in_range('support', null, null)")[0][0]
    assert walk.texts("#quality-popover .hint")[0] == f"{conversations:,} conversations of Support, all time"
    walk.page.keyboard.press("Escape")
    walk.page.keyboard.press("?")
    assert walk.page.locator("#shortcuts").is_visible()
    walk.page.keyboard.press("Escape")
    walk.page.keyboard.press("f")
    assert walk.page.locator("#filters-popover").is_visible()
    walk.settle()
    walk.page.keyboard.press("Escape")
    for scheme in ("dark", "light"):
        walk.page.click(f"#to-{scheme}")
        assert walk.page.evaluate("document.documentElement.dataset.scheme") == scheme


@tables("organizations")
def test_the_totals_are_those_of_the_conversations_behind_the_rows(walk: Walk, table: str):
    walk.open(table, "?plan=pro")
    kind = table.removesuffix("s")
    rows = walk.oracle.rows(table)
    counted = f"""
        select count(*), count(distinct user_key), count(distinct organization_key),
            {signed("cast(sum(sentiment) as double) / count(sentiment)")}
        from conversations_in_range('support', ?, ?) where {kind}_key in (
            select {kind}_key from dim_{table} where {kind}_id in (select {kind}_id from {rows} where plan = 'pro'))
    """
    conversations, users, organizations, sentiment = walk.oracle.sql(counted, *MONTH)[0]
    mrr = walk.oracle.sql(f"select cast(sum(mrr) as bigint) from {rows} where plan = 'pro'")[0][0]
    wanted = [f"{conversations:,}", f"{users:,}", f"{organizations:,}", sentiment, f"${mrr:,}"]
    assert walk.texts("#summary .figure .value") == wanted
    before = walk.oracle.sql(f"select count(*) from {table}('support', ?, ?) where plan = 'pro'", *MONTH_BEFORE)[0][0]
    assert before > 0
    walk.expect_whole_texts()
