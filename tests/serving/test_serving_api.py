"""The API's rows: order, search, filters and the parameters it refuses."""

import csv
import io
from datetime import date
from urllib.parse import urlencode

import pytest

from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables.choices import read_choices
from serving.tables.query_models import query_of
from tests.serving.published_fixture import NOW

MEASURES = """
first_seen_at messages scored_conversations unscored_conversations message_sentiment satisfied_share neutral_share
dissatisfied_share written_conversations
"""
COLUMNS = {
    "organizations": f"""
        organization_id organization_name plan industry mrr conversations users sentiment last_activity_at {MEASURES}
    """.split(),
    "users": f"""
        user_id user_name email organization_id organization_name plan industry mrr conversations sentiment
        last_activity_at {MEASURES} organization_count
    """.split(),
}


def ids(answer):
    return [next(iter(row.values())) for row in answer["rows"]]


@pytest.mark.parametrize(("table", "columns"), COLUMNS.items())
def test_an_answer_has_the_promised_fields(get, table, columns):
    answer = get(table)
    assert list(answer["rows"][0]) == columns
    assert answer["data_through"] == "2026-11-22T10:15:00Z"
    assert answer["snapshot_id"] == "s1"
    assert len(answer["rows"]) == 20


def test_this_month_is_the_default_range_and_newest_activity_comes_first(get, client, sql):
    answer = client.get("/api/v1/chatbots/support/organizations").json()
    expected = sql(
        "select organization_id from organizations('support', '2026-11-01', '2026-11-22') "
        "order by last_activity_at desc, organization_id limit 20"
    )
    assert (answer["first_day"], answer["last_day"]) == ("2026-11-01", "2026-11-22")
    assert ids(answer) == [row[0] for row in expected]


def test_an_open_end_is_reported_as_the_day_that_gives_the_same_rows(get):
    answer = get("organizations", range="all_time", limit=1000)
    assert (answer["first_day"], answer["last_day"]) == ("2026-09-03", "2026-11-22")
    again = get("organizations", first_day=answer["first_day"], last_day=answer["last_day"], limit=1000)
    assert again["rows"] == answer["rows"]
    assert get("organizations", first_day="2026-11-01")["last_day"] == "2026-11-22"
    assert get("organizations", last_day="2026-10-31")["first_day"] == "2026-09-03"


def test_values_keep_their_type_nulls_and_exact_decimals(client):
    text = client.get("/api/v1/chatbots/support/organizations?range=all_time&search=cmd").text
    assert '"mrr":1234.5678,' in text
    assert '"plan":null,' in text
    assert '"organization_name":"=cmd()"' in text
    assert '"first_seen_at":"2026-09-03T12:00:00Z"' in text
    assert '"last_activity_at":"2026-11-14T08:04:00.400000Z"' in text


def test_the_answer_has_only_the_chosen_columns_in_the_chosen_order(get):
    answer = get("organizations", columns=["mrr", "organization_id"])
    assert list(answer["rows"][0]) == ["mrr", "organization_id"]


@pytest.mark.parametrize("table", ["organizations", "users"])
@pytest.mark.parametrize("sort", ["sentiment", "-sentiment", "mrr", "-mrr", "plan", "-plan", "conversations"])
def test_trap_50_walking_all_pages_yields_each_row_once_with_nulls_last_both_ways(get, table, sort):
    whole = get(table, sort=sort, limit=1000)
    walked, offset = [], 0
    while page := get(table, sort=sort, limit=7, offset=offset)["rows"]:
        walked += page
        offset += 7
    assert walked == whole["rows"]
    assert len({row[f"{table[:-1]}_id"] for row in walked}) == whole["total"] == len(walked)
    values = [row[sort.removeprefix("-")] for row in walked]
    present = [value for value in values if value is not None]
    assert values == present + [None] * (len(values) - len(present))
    if sort.removeprefix("-") != "plan":
        assert present == sorted(present, reverse=sort.startswith("-"))


def test_trap_50_the_total_stays_known_behind_the_last_page(get):
    assert get("organizations", offset=5000) | {"rows": []} == get("organizations", offset=5000)
    assert get("organizations", offset=5000)["total"] == get("organizations")["total"]


def test_trap_51_choosing_the_empty_plan_and_another_keeps_rows_without_a_plan(get, sql):
    nothing = get("organizations", plan="", limit=1000)
    assert {row["plan"] for row in nothing["rows"]} == {None}
    both = get("organizations", plan=["", "free"], limit=1000)
    expected = sql("select count(*) from organizations('support', null, null) where plan is null or plan = 'free'")
    assert both["total"] == expected[0][0] > nothing["total"] > 0


def test_trap_51_all_plans_but_one_are_all_rows_but_those_of_that_plan(get, sql):
    """In SQL, `plan <> 'free'` also drops the rows without a plan."""
    others = get("organizations", plan=["", "pro", "enterprise"])
    counts = "count(*) filter (plan is distinct from 'free'), count(*) filter (plan <> 'free')"
    ((distinct, unequal),) = sql(f"select {counts} from organizations('support', null, null)")
    assert others["total"] == distinct > unequal


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("100%", ["100% Co"]),
        ("a_b", ["a_b"]),
        ("istanbul", ["İstanbul Lojistik"]),
        ("İSTANBUL", ["İstanbul Lojistik"]),
        ("caf\u00e9", ["Cafe\u0301 Zürich"]),
        ("cafe zurich", ["Cafe\u0301 Zürich"]),
        ("0012", ["100% Co"]),
        ("  =CMD ", ["=cmd()"]),
        ("\\", []),
        ("twice\nand", ['Say "hi", twice\nand on']),
    ],
)
def test_trap_52_search_takes_its_text_literally_whatever_case_and_accents(get, search, found):
    assert [row["organization_name"] for row in get("organizations", search=search)["rows"]] == found


def test_users_are_found_by_name_email_and_id_and_named_by_what_they_have(get):
    assert [row["user_name"] for row in get("users", search="łucja")["rows"]] == ["Łucja Loner"]
    assert [row["user_id"] for row in get("users", search="P3@EXAMPLE")["rows"]] == ["00003"]
    row = get("users", search="+1555")["rows"][0]
    assert (row["user_name"], row["email"], row["mrr"]) == ("+1555", None, None)


def test_trap_53_count_shown_rows_delivered_and_csv_rows_are_one_number(get, client):
    asked = {"range": "all_time", "plan": "pro", "conversations_min": 2, "mrr_max": 5000, "limit": 1000}
    answer = get("organizations", **asked)
    del asked["limit"]
    lines = client.get("/api/v1/chatbots/support/organizations.csv", params=asked).text.splitlines()
    assert answer["total"] == len(answer["rows"]) == len(lines) - 1 > 0
    assert all(row["conversations"] >= 2 and row["mrr"] <= 5000 for row in answer["rows"])


def test_trap_53_a_filter_on_a_metric_keeps_bounds_and_drops_nulls(get, sql):
    answer = get("organizations", range="this_month", sentiment_min=-0.2, sentiment_max=0.2, limit=1000)
    month = "organizations('support', '2026-11-01', '2026-11-22')"
    expected = sql(f"select count(*) from {month} where sentiment between -0.2 and 0.2")
    assert answer["total"] == expected[0][0]
    assert {-0.2, 0.2} <= {row["sentiment"] for row in answer["rows"]}
    assert get("users", mrr_max=-20)["total"] == 1


def test_trap_22_a_bound_is_compared_with_the_unrounded_value(get):
    assert "100% Co" not in [row["organization_name"] for row in get("organizations", sentiment_min=-0.2)["rows"]]
    found = get("organizations", sentiment_min=-0.2004, sentiment_max=-0.2004)["rows"]
    assert [row["organization_name"] for row in found] == ["100% Co"]


def test_trap_31_spellings_of_a_plan_are_one_choice_and_keep_their_spelling_in_rows(get):
    spelled = {row["plan"] for row in get("organizations", plan=" eNTERPRISE", limit=1000)["rows"]}
    assert spelled == {"Enterprise", "enterprise ", "ENTERPRISE"}


def test_trap_24_a_filter_uses_the_clock_of_the_attribute_that_is_shown(get):
    october = {"first_day": "2026-10-01", "last_day": "2026-10-31", "search": "a_b"}
    assert get("organizations", **october)["rows"][0]["plan"] == "free"
    assert get("organizations", **october, plan="pro")["total"] == 0
    assert get("organizations", **october, plan="pro", attributes="now")["total"] == 1


def test_rows_of_an_organization_and_rows_without_one_can_be_asked_for(get):
    assert {row["organization_name"] for row in get("users", organization_id="00123")["rows"]} == {"100% Co"}
    assert [row["user_name"] for row in get("users", organization_id="")["rows"]] == ["Łucja Loner", "Mo Ver"]


def test_trap_05_the_last_day_is_inclusive_to_its_last_half_second(get):
    assert get("organizations", first_day="2026-10-31", last_day="2026-10-31")["total"] == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("pln=free", "pln"),
        ("columns=nope", "nope"),
        ("columns=plan&columns=plan", "plan"),
        ("sort=nope", "nope"),
        ("sort=--mrr", "sort"),
        ("mrr_min=nan", "mrr_min"),
        ("mrr_max=Infinity", "mrr_max"),
        ("sentiment_min=NaN", "sentiment_min"),
        ("conversations_min=-inf", "conversations_min"),
        ("mrr_min=1e400", "mrr_min"),
        ("mrr_min=", "mrr_min"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=5&limit=6", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("range=fortnight", "range"),
        ("range=today&first_day=2026-01-01", "range"),
        ("first_day=2026-02-30", "first_day"),
        ("first_day=1700000000", "first_day"),
        ("last_day=2026-11-22T00:00:00", "last_day"),
        ("first_day=2026-11-02&last_day=2026-11-01", "first_day"),
        ("attributes=then", "attributes"),
        ("search=" + "x" * 257, "search"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_an_unknown_parameter_column_or_bad_value_is_refused_by_name(client, query, named, suffix):
    answer = client.get(f"/api/v1/chatbots/support/organizations{suffix}?{query}")
    assert answer.status_code == 422
    assert named in str(answer.json()["detail"])


def test_a_metric_of_the_other_table_is_unknown(client):
    assert client.get("/api/v1/chatbots/support/users?users_min=1").status_code == 422


@pytest.mark.parametrize("search", ["\x00", "'; drop table chatbots; --", "\U0001f600", "$1", "?"])
def test_any_text_may_be_searched_and_is_only_a_text(get, search):
    assert get("organizations", search=search)["total"] == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is_may_be_asked_for(get, day):
    answer = get("organizations", first_day=day, last_day=day)
    assert (answer["total"], answer["first_day"]) == (0, day)
    assert date.fromisoformat(answer["last_day"])


def test_trap_11_list_and_detail_page_and_api_give_the_same_number(get):
    for row in get("organizations", limit=1000)["rows"]:
        users = get("users", organization_id=row["organization_id"], limit=1000)["rows"]
        assert len(users) == row["users"]


@pytest.mark.parametrize("asked", [{"range": "all_time"}, {"first_day": "2026-11-02", "last_day": "2026-11-03"}])
def test_trap_65_what_an_organizations_link_opens_adds_up_to_its_row(get, sql, asked):
    """23 of 111 organizations of the sample said 12 users, and their link listed 11: one had moved on since."""
    for row in get("organizations", **asked, limit=1000)["rows"]:
        wanted = {**asked, "organization_id": row["organization_id"]}
        users = get("users", **wanted, limit=1000)["rows"]
        totals = get("users/totals", **wanted)["totals"]
        assert len(users) == row["users"] == totals["users"]
        assert {user["organization_id"] for user in users} <= {row["organization_id"]}
        nameless = sql(
            "select count(*) filter (user_key is null) "
            "from conversations_in_range('support', ?, ?, organization_ids := [?])",
            *(asked.get(end) for end in ("first_day", "last_day")),
            row["organization_id"],
        )[0][0]
        assert sum(user["conversations"] for user in users) + nameless == row["conversations"]


def test_trap_65_a_user_of_two_organizations_is_listed_by_both_with_the_numbers_of_each(get, client, published):
    measures = ("conversations", "messages", "sentiment", "organization_name", "organization_count")

    def mover(*organizations: str) -> tuple:
        (row,) = get("users", organization_id=list(organizations), search="Mo Ver")["rows"]
        return tuple(row[name] for name in measures)

    assert mover("minus") == (2, 7, -0.3, "-5 degrees", 1)
    assert mover("empty") == (1, 5, 0.6, "Ødegård & Søn", 1)
    assert mover("") == (1, 6, 0.4, None, 0)
    assert mover("minus", "empty") == (3, 12, 0, "Ødegård & Søn", 2)
    assert mover() == (4, 18, 0.1, "Ødegård & Søn", 2)
    answer = client.get("/api/v1/chatbots/support/users.csv?range=all_time&organization_id=minus&columns=user_id")
    assert "mover" in answer.text.split()
    snapshot = Snapshots(published).current()
    page = view_of(snapshot, snapshot.chatbots["support"], "users", "?range=all_time&organization_id=minus", NOW)
    mover = next(row for row in page.rows if row.row_id == "mover")
    assert mover.cells["conversations"].text == "2"


def test_trap_65_a_filters_choice_says_how_many_rows_it_gives(get, published):
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    for table in ("organizations", "users"):
        choices = read_choices(snapshot, query_of(table, chatbot)(range="all_time"), "organization_id", chatbot, NOW)
        assert len(choices) > 40
        for choice in choices:
            assert get(table, organization_id=choice.value)["total"] == choice.rows


@pytest.mark.parametrize("table", ["organizations", "users"])
def test_trap_11_api_csv_page_and_sql_give_the_same_numbers(client, get, sql, published, table):
    columns = [f"{table[:-1]}_id", "conversations", "messages"]
    asked = {"range": "this_month", "columns": columns, "sort": columns[0], "limit": 1000}
    by_api = [tuple(row.values()) for row in get(table, **asked)["rows"]]
    text = client.get(f"/api/v1/chatbots/support/{table}.csv", params=asked).text
    by_csv = [(row[0].lstrip("'"), int(row[1]), int(row[2])) for row in list(csv.reader(io.StringIO(text)))[1:]]
    snapshot = Snapshots(published).current()
    page = view_of(snapshot, snapshot.chatbots["support"], table, f"?{urlencode(asked, doseq=True)}", NOW)
    by_page = [(row.row_id, *(int(row.cells[name].text) for name in columns[1:])) for row in page.rows]
    by_sql = sql(f"select {', '.join(columns)} from {table}('support', '2026-11-01', '2026-11-22')")
    assert by_api == by_csv == by_page
    assert sorted(by_api) == sorted(by_sql)


def test_trap_21_the_unhappiest_can_be_ranked_among_those_with_enough_conversations(get):
    everyone = get("users", sort="sentiment", limit=1000)["rows"]
    ranked = get("users", sort="sentiment", conversations_min=2, limit=1000)["rows"]
    assert ranked == [row for row in everyone if row["conversations"] >= 2]
    assert everyone[0]["conversations"] == 1


def test_health_says_what_is_served(client):
    health = client.get("/health").json()
    assert (health["status"], health["snapshot_id"], health["data_through"]) == ("ok", "s1", "2026-11-22T10:15:00Z")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/chatbots/support/users?range=all_time",
        "/api/v1/chatbots/support/users.csv?range=all_time",
        "/platform/support/users?range=all_time",
        "/api/v1/chatbots/nobody/users",
        "/health",
    ],
)
def test_head_has_the_status_and_the_headers_of_get_and_no_body(client, path):
    asked, got = client.head(path), client.get(path)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    of_the_answer = ("content-type", "content-length", "etag", "cache-control", "content-encoding")
    assert [asked.headers.get(name) for name in of_the_answer] == [got.headers.get(name) for name in of_the_answer]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("br;q=1.0, GZIP; q=0.5, *;q=0", "gzip"),
        ("*", "gzip"),
        ("identity, *;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("br, *;q=0", None),
        ("br", None),
        ("gzipped", None),
        ("gzip;q=much", None),
        ("", None),
    ],
)
def test_an_answer_is_compressed_for_whoever_takes_it_so(client, accepted, encoding):
    for path in ("/platform/support/users", "/api/v1/chatbots/support/users.csv?range=all_time"):
        answer = client.get(path, headers={"Accept-Encoding": accepted})
        assert (answer.headers.get("content-encoding"), answer.headers["vary"]) == (encoding, "Accept-Encoding")
        assert answer.text == client.get(path).text


@pytest.mark.parametrize(
    "path",
    [
        "/platform/support",
        "/platform/support/users?range=all_time",
        "/platform/eu%2Fneu%20%C3%A9/users",
        "/api/v1/chatbots/support/users/mover",
        "/health",
    ],
)
def test_an_address_with_a_slash_too_many_leads_to_the_one_without_by_whatever_name_the_server_was_asked(client, path):
    address, _, asked = path.partition("?")
    answer = client.get(f"{address}/" + (asked and f"?{asked}"), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, path)


def test_a_method_that_an_address_does_not_know_is_refused_with_those_that_it_knows(client):
    for path in ("/api/v1/chatbots/support/users", "/platform/support/users"):
        refused = client.post(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_the_description_has_every_parameter_and_the_meanings_of_the_manifest(client):
    description = client.get("/openapi.json").json()
    route = description["paths"]["/api/v1/chatbots/{chatbot_id}/organizations"]["get"]
    names = {item["name"] for item in route["parameters"]}
    assert {"chatbot_id", "range", "plan", "users_max", "columns", "attributes"} <= names
    row = route["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]["items"]
    assert row["properties"]["mrr"]["description"] == "Monthly recurring revenue in whole currency."
    assert list(row["properties"]) == [
        *COLUMNS["organizations"],
        "band",
        "conversations_change",
        "sentiment_change",
        "status",
    ]


def test_the_documentation_page_loads_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "dissatisfied_share" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
