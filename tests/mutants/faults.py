"""The deliberate faults: what would be wrong, and which text of which file makes it so. `__main__` runs them."""

from typing import NamedTuple

MODELS = "dbt_project/models"
VERSIONS = f"{MODELS}/intermediate/int_touched_versions.sql"
MESSAGES = f"{MODELS}/intermediate/int_touched_messages.sql"
MACROS = "orchestration/publish/table_macros.sql"
MONEY = "dbt_project/macros/money.sql"
RECORDS = "orchestration/extract/records"
WAREHOUSE = "orchestration/transform/warehouse.py"


class Fault(NamedTuple):
    """`old`, which stands in the file exactly once, becomes `new`."""

    sentence: str
    file: str
    old: str
    new: str


FAULTS = [
    Fault(
        "Of two attributes of one moment, the earlier arrival wins",
        VERSIONS,
        "partition by entity_key, event_at order by {{ arrival_order('desc') }}",
        "partition by entity_key, event_at order by {{ arrival_order() }}",
    ),
    Fault(
        "A field that a request leaves out is cleared",
        VERSIONS,
        "sum(case when has_{{ field }} then 1 else 0 end) over (",
        "sum(1) over (",
    ),
    Fault(
        "Before its first version an entity shows nothing",
        VERSIONS,
        "when changes.state_number > 1 then",
        "when changes.state_number > 0 then",
    ),
    Fault("MRR that is sent in cents stays in cents", MONEY, "{{ amount }} * 0.01", "{{ amount }}"),
    Fault("MRR is cut at two places", MONEY, "decimal(18, 4)", "decimal(18, 2)"),
    Fault(
        "The oldest analysis of a message wins",
        MESSAGES,
        "order by {{ arrival_order('desc') }}, position desc",
        "order by {{ arrival_order() }}, position asc",
    ),
    Fault(
        "The last arrival of a message decides its time and role",
        MESSAGES,
        "order by {{ arrival_order() }}, position asc",
        "order by {{ arrival_order('desc') }}, position desc",
    ),
    Fault(
        "A message without a score counts as 0",
        f"{MODELS}/marts/fct_conversation_days.sql",
        "cast(count(score) as integer) as scored_messages",
        "cast(count(*) as integer) as scored_messages",
    ),
    Fault(
        "Days are those of UTC",
        "dbt_project/macros/engine/time.sql",
        "cast(timezone({{ time_zone }}, timezone('UTC', {{ instant }})) as date)",
        "cast({{ instant }} as date)",
    ),
    Fault(
        "The last day of a range is left out",
        MACROS,
        "and days.activity_date <= asked.last",
        "and days.activity_date < asked.last",
    ),
    Fault(
        "A conversation at exactly +0.2 is satisfied",
        MACROS,
        "sum(days.score_sum) >= cast(sum(days.scored_messages) as bigint) * 0.2000000005",
        "sum(days.score_sum) >= cast(sum(days.scored_messages) as bigint) * 0.2",
    ),
    Fault(
        "A value of a custom field stands for the time before it was sent",
        f"{MODELS}/marts/dim_custom_values.sql",
        "when changes.event_at > changes.first_event_at then",
        "when changes.state_number > 1 then",
    ),
    Fault(
        "The user of a conversation is that of its oldest request",
        f"{MODELS}/intermediate/int_touched_owners.sql",
        "order by case when user_key is null then 1 else 0 end, event_at desc, {{ arrival_order('desc') }}",
        "order by case when user_key is null then 1 else 0 end, event_at asc, {{ arrival_order() }}",
    ),
    Fault(
        "The mapping is not applied to the keys of organizations",
        f"{MODELS}/intermediate/int_requests.sql",
        "coalesce(organization_identity.to_key, requests.sent_organization_key) as organization_key",
        "requests.sent_organization_key as organization_key",
    ),
    Fault(
        "Probes count",
        f"{MODELS}/staging/stg_requests.sql",
        "where traffic = 'organic'",
        "where traffic != 'replay'",
    ),
    Fault(
        "What was touched is inserted again without deleting the old rows",
        "dbt_project/macros/engine/touched.sql",
        "where exists (",
        "where false and exists (",
    ),
    Fault(
        "A changed mapping of organizations touches no conversation",
        f"{MODELS}/intermediate/int_touched_conversations.sql",
        "or requests.sent_organization_key in (select entity_key from changed_entities)",
        "",
    ),
    Fault(
        "A late score touches no conversation",
        f"{MODELS}/intermediate/int_touched_conversations.sql",
        "    select * from with_new_analyses\n    union all\n",
        "",
    ),
    Fault(
        "A chatbot whose zone changed keeps rows on days that became empty",
        f"{MODELS}/intermediate/int_touched_days.sql",
        "[-2, -1, 1, 2]",
        "[]",
    ),
    Fault(
        "What is pending is marked as processed before the models run, and lost in a crash",
        WAREHOUSE,
        "list(todo))\n    segment_ids",
        "list(todo))\n"
        "    connection.execute(\"insert into state.segments select *, 'early' from inputs.pending_segments\")\n"
        "    segment_ids",
    ),
    Fault(
        "A changed mapping is forgotten in a crash",
        WAREHOUSE,
        "insert into state.entities_in_doubt select * from inputs.changed_entities",
        "delete from state.entities_in_doubt",
    ),
    Fault("Scores carry nine places", f"{RECORDS}/analyses.py", "SCORE_PLACES = 12", "SCORE_PLACES = 9"),
    Fault(
        "A message without a time stands at the arrival",
        f"{RECORDS}/messages.py",
        "latest = time or latest",
        "latest = time or received_at",
    ),
    Fault(
        "A whole number as id keeps its point",
        f"{RECORDS}/attributes.py",
        "if number != number.to_integral_value():",
        "if True:",
    ),
    Fault(
        "The text null is an id",
        f"{RECORDS}/attributes.py",
        "        if clears(text):\n            return None\n    elif value is None",
        "        if not text:\n            return None\n    elif value is None",
    ),
    Fault(
        "A sent id may be that of an entity known by name or e-mail",
        f"{RECORDS}/keys.py",
        'return f"id:{entity_id}" if',
        "return entity_id if",
    ),
    Fault(
        "Invisible characters tell names apart",
        f"{RECORDS}/keys.py",
        "return (text if text.isascii() else text.translate(_INVISIBLE)).strip()",
        "return text.strip()",
    ),
    Fault(
        "A leap second is the second before it", f"{RECORDS}/instants.py", "seconds=second,", "seconds=min(second, 59),"
    ),
    Fault("A role in capitals refuses its line", f"{RECORDS}/messages.py", "role.casefold() in ROLES", "False"),
]
