"""The numbers of the table `data_quality`, counted by hand, on real snapshots."""

from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from orchestration.defs.publish.checks import data_quality
from orchestration.identity.placeholders import placeholders
from orchestration.publish.leaving_out import LEFT_OUT
from orchestration.settings import Settings
from tests.support.pipeline import Pipeline, Row
from tests.support.publishing import Publisher
from tests.support.requests import analysis, capture, said, write_chatbots, write_identity

SHARES = ("user_id_share", "organization_share", "plan_share", "mrr_share", "scored_share")
CONFLICTS = ("shared_emails", "shared_names", "known_names", "mrr_unit_conflicts")


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    return Publisher(pipeline)


def one(conversation: str, *, chatbot: str = "support", **sent: Any) -> Any:
    """A conversation of one message, whose id is that of the conversation."""
    return capture(conversation, said(conversation, "2026-03-10T10:00:00Z"), chatbot=chatbot, **sent)


def quality(publisher: Publisher, organization: str | None = None, chatbot: str = "support") -> Row:
    (row,) = publisher.query(
        "from data_quality where chatbot_id = ? and organization_id is not distinct from ?", chatbot, organization
    )
    return row


def shares(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("conversations", *SHARES))


def conflicts(row: Row) -> tuple[int, ...]:
    return tuple(row[name] for name in CONFLICTS)


def test_shares_are_of_conversations_for_the_chatbot_and_for_each_organization(publisher: Publisher) -> None:
    publisher.run(
        one("c1", user={"id": "ann"}, organization={"id": "acme", "plan": "pro", "mrr": 0}),
        one("c2", user={"email": "bob@x.example"}, organization={"id": "acme"}),
        one("c3", user={"id": "ann"}, organization={"id": "bolt", "plan": "free"}),
        one("c4", organization={"id": "bolt"}),
        one("c5"),
        analysis("c1", {"c1": [0.5]}, "2026-03-11T00:00:00Z"),
    )
    # With an id: c1 and c3. An MRR of 0 is one. Plan and MRR are those of the organization now, for all it had.
    assert shares(quality(publisher)) == (5, 2 / 5, 4 / 5, 4 / 5, 2 / 5, 1 / 5)
    assert shares(quality(publisher, "acme")) == (2, 1 / 2, 1, 1, 1, 1 / 2)
    assert shares(quality(publisher, "bolt")) == (2, 1 / 2, 1, 1, 0, 0)
    assert len(publisher.query("from data_quality")) == 3


def test_a_cleared_plan_is_none_and_a_conversation_counts_once_however_many_days_it_spans(publisher: Publisher) -> None:
    days = [said(f"m{day}", f"2026-03-{day}T10:00:00Z") for day in (10, 11, 12)]
    publisher.run(capture("c1", *days, user={"id": "ann"}, organization={"id": "acme", "plan": "pro"}))
    assert quality(publisher)["plan_share"] == 1
    publisher.run(capture("c2", said("m", "2026-03-13T10:00:00Z"), organization={"id": "acme", "plan": None}))
    assert shares(quality(publisher)) == (2, 1 / 2, 1, 0, 0, 0)


def test_a_chatbot_without_conversations_has_no_shares(publisher: Publisher) -> None:
    write_chatbots(publisher.home, support={}, silent={})
    publisher.run(one("c1"))
    assert shares(quality(publisher, chatbot="silent")) == (0, None, None, None, None, None)
    assert conflicts(quality(publisher, chatbot="silent")) == (0, 0, 0, 0)


def test_an_email_of_several_users_is_one_conflict_for_the_chatbot_and_for_each_organization_it_reaches(
    publisher: Publisher,
) -> None:
    publisher.run(
        one("c1", user={"id": "ann", "email": "Ann@x.example"}, organization={"id": "acme"}),
        one("c2", user={"id": "ann2", "email": " ann@X.example"}, organization={"id": "acme"}),
        one("c3", user={"email": "ann@x.example"}, organization={"id": "bolt"}),
        one("c4", user={"id": "bob", "email": "bob@x.example"}, organization={"id": "calm"}),
        one("c5", user={"id": "bob", "email": "bob@x.example"}, chatbot="sales"),
    )
    assert [quality(publisher, one)["shared_emails"] for one in (None, "acme", "bolt", "calm")] == [1, 1, 1, 0]
    assert quality(publisher, chatbot="sales")["shared_emails"] == 0
    write_identity(publisher.home, ("user", "ann2", "ann"), ("user", "email:ann@x.example", "ann"))
    publisher.run()
    assert quality(publisher)["shared_emails"] == 0


def test_a_name_of_several_organizations_and_one_without_an_id_that_fits_are_conflicts(publisher: Publisher) -> None:
    publisher.run(
        one("c1", organization={"id": "o1", "name": "Caf\u00e9  Z"}),
        one("c2", organization={"id": "o2", "name": "cafe\u0301 z"}),
        one("c3", organization={"name": "CAF\u00c9 Z"}),  # the name of two with an id
        one("c4", organization={"name": "BOLT"}),  # the id of one
        one("c5", organization={"id": "bolt"}),
        one("c6", organization={"name": "Calm"}),
        one("c7", organization={"name": "Deep"}),
        one("c8", organization={"id": "deep", "name": "Deeper"}, chatbot="sales"),
    )
    assert conflicts(quality(publisher)) == (0, 1, 2, 0)
    assert conflicts(quality(publisher, "o1")) == conflicts(quality(publisher, "o2")) == (0, 1, 0, 0)
    assert (
        conflicts(quality(publisher, "name:caf\u00e9 z")) == conflicts(quality(publisher, "name:bolt")) == (0, 0, 1, 0)
    )
    assert conflicts(quality(publisher, "name:calm")) == (0, 0, 0, 0)
    write_identity(publisher.home, ("organization", "name:bolt", "bolt"), ("organization", "o2", "o1"))
    publisher.run()
    assert conflicts(quality(publisher)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("users", "own", "suspected"),
    [
        (4900, 49, True),
        (49, 4900, True),
        (4949, 49, True),
        (4851, 49, True),
        (4950, 49, False),
        (4850, 49, False),
        (0.49, 49, True),
        (490, 49, False),
        (49, 49, False),
        (0, 0, False),
        (None, 49, False),
    ],
)
def test_a_users_and_its_organizations_mrr_that_differ_by_a_factor_of_100_are_suspected(
    publisher: Publisher, users: float | None, own: float, suspected: bool
) -> None:
    publisher.run(
        one("c1", user={"id": "ann", "mrr": users}, organization={"id": "acme", "mrr": own}),
        one("c2", user={"id": "bob", "mrr": own}, organization={"id": "acme"}),
    )
    assert conflicts(quality(publisher)) == conflicts(quality(publisher, "acme")) == (0, 0, 0, int(suspected))


@pytest.mark.parametrize("mrr", [999_999_999_999.9999, -999_999_999_999.9999, 0.0001])
def test_the_largest_and_the_smallest_mrr_that_is_accepted_are_published(publisher: Publisher, mrr: float) -> None:
    publisher.run(one("c1", user={"id": "ann", "mrr": mrr}, organization={"id": "acme", "mrr": mrr}))
    (row,) = publisher.query("select mrr from organizations('support', null, null)")
    assert row["mrr"] == Decimal(str(mrr))
    assert conflicts(quality(publisher)) == (0, 0, 0, 0)


def test_checks_warn_below_and_above_the_thresholds_of_the_settings_and_never_block(publisher: Publisher) -> None:
    publisher.run(
        one("c1", user={"id": "ann", "email": "x@x.example"}, organization={"id": "acme", "plan": "pro"}),
        one("c2", user={"id": "bob", "email": "x@x.example"}, organization={"id": "bolt"}),
    )

    def failed(**thresholds: Any) -> set[str]:
        results = list(data_quality(settings=Settings(home=publisher.home, **thresholds)))
        assert {result.severity for result in results} == {dg.AssetCheckSeverity.WARN}
        return {result.check_name for result in results if not result.passed}

    assert not any(spec.blocking for spec in data_quality.check_specs)
    assert failed() == {"quality_shared_emails"}
    assert failed(quality_max_conflicts=1) == set()
    assert failed(quality_max_conflicts=1, quality_min_plan_share=0.5) == set()
    assert failed(quality_max_conflicts=1, quality_min_plan_share=0.51, quality_min_user_id_share=1) == {
        "quality_plan_share"
    }


def test_a_check_previews_the_worst_chatbot_first_and_names_no_organization(publisher: Publisher) -> None:
    publisher.run(
        one("c1", user={"id": "ann"}, organization={"id": "acme", "plan": "pro"}),
        one("c2", user={"id": "bob"}, organization={"id": "bolt"}, chatbot="sales"),
    )
    results = {result.check_name: result for result in data_quality(settings=Settings(home=publisher.home))}
    lines = str(results["quality_plan_share"].metadata["worst"].value).splitlines()[2:]
    assert [line.split()[1] for line in lines] == ["sales", "support"]
    assert "bolt" not in str(results)
    assert results["quality_shared_emails"].metadata["worst"].value == "none"


def test_the_manifest_explains_every_column_of_them_and_of_what_is_left_out(publisher: Publisher) -> None:
    tables = publisher.run(one("c1")).manifest["tables"]
    for table in ("data_quality", "refresh_changes", *LEFT_OUT):
        columns = {column["name"]: column["meaning"] for column in tables[table]["columns"]}
        assert [name for name, meaning in columns.items() if not meaning] == []


def test_trap_63_an_id_under_which_several_people_stand_is_counted_as_a_placeholder(publisher: Publisher) -> None:
    def one(conversation: str, **sent: Any) -> Any:
        return capture(conversation, said("m", f"2026-03-1{conversation[1]}T10:00:00Z"), **sent)

    publisher.run(
        one("c1", user={"id": "undefined", "email": "ann@x.example"}, organization={"id": "acme"}),
        one("c2", user={"id": "undefined", "email": "bob@x.example"}, organization={"id": "acme"}),
        one("c3", user={"id": "anonymous", "name": "Ann"}),
        one("c4", user={"id": "anonymous", "name": "Bob"}, organization={"id": "bolt"}),
        one("c5", user={"id": "eve", "email": "EVE@x.example", "name": "Eve"}),
        one("c6", user={"id": "eve", "email": "eve@x.example", "name": " eve"}),
        one("c7", user={"email": "cy@x.example", "name": "Cy"}),
        one("c8", user={"email": "cy@x.example", "name": "Cyril"}),
    )
    found = [quality(publisher, organization)["shared_ids"] for organization in (None, "acme", "bolt")]
    assert found == [2, 1, 1]
    listed = {one.user_id: (one.emails, one.names) for one in placeholders(publisher.folder / "current.duckdb")}
    assert listed == {
        "undefined": (["ann@x.example", "bob@x.example"], []),
        "anonymous": ([], ["Ann", "Bob"]),
    }
    assert sorted(row["user_id"] for row in publisher.query("from users('support', null, null)")) == [
        "anonymous",
        "email:cy@x.example",
        "eve",
        "undefined",
    ]


def test_conversations_that_name_several_users_are_counted_and_belong_to_the_one_named_last(
    publisher: Publisher,
) -> None:
    publisher.run(
        *(
            capture("c1", said(f"m{number}", f"2026-03-1{number}T10:00:00Z"), user={"id": user})
            for number, user in enumerate(("ann", "bob", "ann", "cy"))
        ),
        one("c2", user={"id": "ann"}),
        one("c3"),
    )
    assert quality(publisher)["several_users_conversations"] == 1
    named = publisher.query(
        "select distinct conversation_id, user_id, named_users from fct_conversation_days order by 1"
    )
    assert [tuple(row.values()) for row in named] == [("c1", "cy", 3), ("c2", "ann", 1), ("c3", None, 0)]
    write_identity(publisher.home, ("user", "bob", "ann"), ("user", "cy", "ann"))
    publisher.run()
    assert quality(publisher)["several_users_conversations"] == 0
