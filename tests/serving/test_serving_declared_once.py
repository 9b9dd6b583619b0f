"""A column and the filter by it are declared once, in `columns`; everything that a reader meets follows."""

from dataclasses import replace

import pytest

from serving.http import describe
from serving.pages.filters import list_filters
from serving.pages.view import view_of
from serving.snapshot import Snapshots
from serving.tables import query_models
from serving.tables.choices import read_choices
from serving.tables.columns import BOUNDS, ORGANIZATIONS, TABLES, VALUES
from serving.tables.query_models import QUERIES
from serving.tables.results import read_page
from tests.serving.published_fixture import NOW


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_declared_filter_is_a_parameter_with_a_description_and_a_control_of_the_page(published, table) -> None:
    described = {one["name"]: one for one in describe.parameters(QUERIES[table.name])}
    snapshot = Snapshots(published).current()
    form = view_of(snapshot, snapshot.chatbots["quiet"], table.name, "", NOW).filters
    controls = {one.name for one in (*form.lists, *form.bounds)}
    filtered = [column for column in table.columns if column.filter]
    assert len(filtered) > 5
    for column in filtered:
        for name in column.parameters:
            assert described[name]["description"]
        assert (column.name in controls) == column.filter.on_page
    assert {column.name for column in list_filters(table)} == {
        "plan",
        "industry",
        "organization_id",
        "band",
        "status",
    }


def test_a_filter_declared_with_a_column_is_asked_read_offered_and_shown(published, monkeypatch) -> None:
    """The name, the satisfied share and the sample are filters by one word each; without it they are none."""
    ways = {"organization_name": VALUES, "satisfied_share": BOUNDS, "scored_conversations": BOUNDS}
    bare = [replace(column, filter=None) if column.name in ways else column for column in ORGANIZATIONS.columns]
    without = {
        one["name"]
        for one in describe.parameters(query_models._query_model(replace(ORGANIZATIONS, columns=tuple(bare))))
    }
    assert not without & {
        "organization_name",
        "organization_name_not",
        "satisfied_share_max",
        "scored_conversations_min",
    }
    changed = [replace(column, filter=ways.get(column.name, column.filter)) for column in bare]
    model = query_models._query_model(replace(ORGANIZATIONS, columns=tuple(changed)))
    snapshot = Snapshots(published).current()
    chatbot = snapshot.chatbots["support"]
    asked = "range=all_time&organization_name= A_B&satisfied_share_min=0.5"
    rows = read_page(snapshot, model.parse(asked), chatbot, NOW).rows
    assert [(row["organization_name"], row["satisfied_share"]) for row in rows] == [("a_b", 0.5)]
    assert "axb" in {
        choice.label for choice in read_choices(snapshot, model(range="all_time"), "organization_name", chatbot, NOW)
    }
    assert {"organization_name", "satisfied_share_max"} < {one["name"] for one in describe.parameters(model)}
    monkeypatch.setitem(QUERIES, "organizations", model)
    query_models._with_fields.cache_clear()
    try:
        shown = view_of(snapshot, chatbot, "organizations", f"?{asked}", NOW)
        unhappiest = view_of(snapshot, chatbot, "organizations", "?range=all_time&sort=sentiment", NOW)
        enough = view_of(snapshot, chatbot, "organizations", unhappiest.offer.href, NOW)
    finally:
        query_models._with_fields.cache_clear()
    assert shown.filter_count == "2"
    names = [one.name for one in shown.filters.bounds]
    assert names.index("scored_conversations") == names.index("sentiment") + 1  # the sample beside what it is of
    assert [(chip.label, chip.value) for chip in enough.chips] == [("Scored conversations", "at least 5")]
    assert (enough.offer, shown.offer) == (None, None)
