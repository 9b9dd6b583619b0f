"""The deliberate faults: what would be wrong, and which text of which file makes it so. `__main__` runs them.

Most are faults of numbers, and the random histories must find them. Others are of what stands around the numbers, where
the test that is named must.
"""

from typing import NamedTuple

MODELS = "dbt_project/models"
VERSIONS = f"{MODELS}/intermediate/int_touched_versions.sql"
MESSAGES = f"{MODELS}/intermediate/int_touched_messages.sql"
ATTRIBUTES = f"{MODELS}/intermediate/int_touched_attributes.sql"
ENTITIES = f"{MODELS}/intermediate/int_touched_entities.sql"
MACROS = "orchestration/publish/table_macros.sql"
RISK = "orchestration/publish/organization_risk.sql"
MONEY = "dbt_project/macros/money.sql"
RECORDS = "orchestration/extract/records"
WAREHOUSE = "orchestration/transform/warehouse.py"
INBOX = "orchestration/extract/inbox"
ROTATION = "orchestration/extract/landing/rotation.py"
RECONCILE = "orchestration/publish/reconcile.py"
SCORER = "orchestration/extract/scorer.py"
NEEDLES = "orchestration/erasure/needles.py"
BULK = "orchestration/extract/bulk"
AT_ONCE = "tests/unit/extract/test_bulk.py"
HISTORIES = "tests/pipeline/test_incremental_equals_rebuild.py"


class Fault(NamedTuple):
    """`old`, which stands in the file exactly once, becomes `new`; the test then fails."""

    sentence: str
    file: str
    old: str
    new: str
    test: str = HISTORIES


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
        "A request that sends another value of the same fields is taken for a repetition",
        VERSIONS,
        "or {{ field }} is distinct from last_{{ field }}",
        "",
    ),
    Fault(
        "Whoever said two different things has one version",
        VERSIONS,
        "having count(*) = 1",
        "having count(*) <= 2",
    ),
    Fault(
        "The only version of an entity begins with its newest request",
        VERSIONS,
        "min(event_at) as event_at",
        "max(event_at) as event_at",
    ),
    Fault(
        "Of what arrived twice, both are left out",
        "dbt_project/macros/arrival.sql",
        "ranked.arrival_number > 1",
        "ranked.arrival_number > 0",
    ),
    Fault(
        "What arrived more than twice is left in but for once",
        "dbt_project/macros/arrival.sql",
        "ranked.arrival_number > 1",
        "ranked.arrival_number = 2",
    ),
    Fault(
        "The days of messages are told in UTC, before the zone is looked at",
        f"{MODELS}/intermediate/int_touched_days.sql",
        "date_trunc('minute', messages.sent_at)",
        "date_trunc('day', messages.sent_at)",
    ),
    Fault(
        "Before its first version an entity shows nothing",
        VERSIONS,
        "when changes.state_number > 1 then",
        "when changes.state_number > 0 then",
    ),
    Fault(
        "A late request extends the newest version instead of the one before it",
        ATTRIBUTES,
        "or versions.valid_from < touched.anew_from",
        "or true",
    ),
    Fault(
        "Behind a late request, what was sent before is forgotten",
        ENTITIES,
        "(requests.is_new or chatbots.is_changed)",
        "(requests.is_new and requests.event_at >= requests.received_at or chatbots.is_changed)",
    ),
    Fault(
        "A changed mapping keeps the history that stood",
        ENTITIES,
        "select kind, entity_key, {{ before_any_event() }} from changed_entities",
        "select kind, entity_key, cast(null as timestamp) from changed_entities",
    ),
    Fault(
        "A late value of an own field is put behind what stood",
        f"{MODELS}/marts/dim_custom_values.sql",
        "or standing.valid_from < touched.anew_from",
        "or true",
    ),
    Fault(
        "A publication keeps the day that a conversation has left",
        "orchestration/publish/carrying.py",
        "            from fct_conversation_days where {_CONVERSATIONS}\n            union all by name\n",
        "",
    ),
    Fault("MRR that is sent in cents stays in cents", MONEY, "{{ amount }} * 0.01", "{{ amount }}"),
    Fault("MRR is cut at two places", MONEY, "decimal(18, 4)", "decimal(18, 2)"),
    Fault(
        "The oldest analysis of a message wins",
        MESSAGES,
        "order=arrival_order('desc') ~ ', position desc'",
        "order=arrival_order() ~ ', position asc'",
    ),
    Fault(
        "The last arrival of a message decides its time and role",
        MESSAGES,
        "order=arrival_order() ~ ', position asc'",
        "order=arrival_order('desc') ~ ', position desc'",
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
        "tests/pipeline/test_traps_sentiment.py",
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
    Fault(
        "Scores carry nine places",
        f"{RECORDS}/analyses.py",
        "SCORE_PLACES = 12",
        "SCORE_PLACES = 9",
        "tests/unit/extract/test_analyses.py",
    ),
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
    Fault("A renamed log is another log", ROTATION, "if not unsettled:", "if unsettled or not unsettled:"),
    Fault(
        "A log that was compressed since is another log",
        ROTATION,
        'if compression == "plain":',
        "if compression:",
    ),
    Fault("Of a log that was compressed since, all is read again", ROTATION, "skip=cursor.position", "skip=0"),
    Fault("A list is read line by line", f"{INBOX}/formats.py", 'if begin.startswith(b"["):', 'if begin == b"[":'),
    Fault("The mark of UTF-16 says nothing", f"{INBOX}/formats.py", 'b"\\0" in head[2:10]', 'b"" == head'),
    Fault(
        "Conversations that are left out stay in the facts",
        "orchestration/publish/leaving_out.sql",
        "anti join excluded_conversation_days as excluded on days.conversation_key = excluded.conversation_key",
        "anti join excluded_conversation_days as excluded on days.conversation_key = -excluded.conversation_key",
    ),
    Fault(
        "An id that is merged is not left out",
        "orchestration/identity/exclusions.py",
        "value = target.get((chatbot_id, kind, value), value)",
        "pass",
        "tests/pipeline/test_leaving_out.py",
    ),
    Fault(
        "A chatbot may have fewer messages than raw",
        RECONCILE,
        "self.messages_found,\n        )",
        "self.messages,\n        )",
        "tests/pipeline/test_reconciliation.py",
    ),
    Fault(
        "Receipts are not held against the segments",
        RECONCILE,
        "if read != expected.lines:",
        "if read is None:",
        "tests/pipeline/test_reconciliation.py",
    ),
    Fault(
        "A day may shrink without a reason",
        RECONCILE,
        "where coalesce(new.conversations, 0) < old.conversations or coalesce(new.messages, 0) < old.messages",
        "where false",
        "tests/pipeline/test_reconciliation.py",
    ),
    Fault(
        "A warehouse that something else changed is trusted",
        "orchestration/transform/seal.py",
        'return None if "open_by" in seal or seal == look(warehouse) else CHANGED',
        "return None",
        "tests/pipeline/test_dbt_by_hand.py",
    ),
    Fault(
        "A raw file may hold other bytes than were written",
        "orchestration/extract/landing/intact.py",
        "if checksum is not None and look_of(path)[1] != checksum:",
        "if not path.exists():",
        "tests/pipeline/test_damaged_raw.py",
    ),
    Fault(
        "A refused file ends a refresh with 0",
        "orchestration/commands/main.py",
        "NEEDS_A_PERSON = 3",
        "NEEDS_A_PERSON = 0",
        "tests/pipeline/test_unread_input.py",
    ),
    Fault(
        "Epoch milliseconds are not named as such",
        f"{RECORDS}/instants.py",
        "if unit := epoch_like(value):",
        'if unit := "":',
        "tests/unit/extract/test_whole_records.py",
    ),
    Fault(
        "The text null is an id where many lines are read at once",
        f"{BULK}/columns.py",
        'lengths[some] == len("null")',
        "lengths[some] == 0",
        AT_ONCE,
    ),
    Fault(
        "A number with too many digits counts as plain",
        f"{BULK}/analyses.py",
        "shifted / _SHIFT == floats",
        "shifted == shifted",
        AT_ONCE,
    ),
    Fault(
        "Texts of any language are scored",
        SCORER,
        "if any(map(str.isalpha, text)) and not is_english(text):",
        "if text is None:",
        "tests/unit/test_scoring.py",
    ),
    Fault(
        "A text without a known word scores 0",
        SCORER,
        "return compound if self._has_met_its_lexicon else None",
        "return compound",
        "tests/unit/test_scoring.py",
    ),
    Fault(
        "An erasure does not look for UTF-16",
        NEEDLES,
        'ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")',
        'ENCODINGS = ("utf-8",)',
        "tests/pipeline/test_traps_scouring.py",
    ),
    Fault(
        "Escapes of JSON hide someone from an erasure",
        NEEDLES,
        'if b"\\\\" in data:',
        "if not data:",
        "tests/pipeline/test_traps_scouring.py",
    ),
    Fault(
        "At risk: a conversation of several days stays a day too long",
        RISK,
        "(values (0), (35)) as shifts",
        "(values (0), (36)) as shifts",
        "tests/serving/test_serving_risk_days.py",
    ),
    Fault(
        "At risk: what came later is told before the data covers it",
        RISK,
        "case when beside.day + 35 <= covered.through",
        "case when beside.day <= covered.through",
        "tests/serving/test_serving_risk_days.py",
    ),
    Fault(
        "A session that says nothing of the device clears it",
        "dbt_project/models/intermediate/int_touched_owners.sql",
        "order by case when has_device then 0 else 1 end, event_at desc",
        "order by event_at desc",
        "tests/definitions/test_dbt_project.py",
    ),
    Fault(
        "PostgreSQL rounds the half of a mean to the even digit",
        "orchestration/publish/postgres/functions.sql",
        "abs(trillionths - trunc(trillionths)) >= 0.5",
        "abs(trillionths - trunc(trillionths)) > 0.5",
        "tests/postgres/test_functions.py",
    ),
    Fault(
        "In PostgreSQL whoever sees one chatbot sees all",
        "orchestration/publish/postgres/definition.py",
        "from clientele.access as own where own.chatbot_id is null)",
        "from clientele.access as own)",
        "tests/postgres/test_access.py",
    ),
    Fault(
        "An answer of the read API that says nothing new is kept",
        "orchestration/extract/read_api/collecting.py",
        "before.digest != digest",
        "True",
        "tests/unit/extract/test_read_api.py",
    ),
    Fault(
        "A round of questions that met a fault is taken for a whole one",
        "orchestration/extract/read_api/collecting.py",
        "        if answered:\n",
        "        if listed:\n",
        "tests/unit/extract/test_read_api.py",
    ),
    Fault(
        "The first page of a large range misses who was active as late as its last row",
        "serving/tables/newest.py",
        "where last_activity_at >= coalesce(",
        "where last_activity_at > coalesce(",
        "tests/serving/test_serving_newest.py",
    ),
    Fault(
        "Every morning's default view is a warning",
        "serving/pages/notices.py",
        "if not is_warning and days.last <= asked.today:",
        "if not is_warning and days.last < asked.today:",
        "tests/serving/test_serving_pages.py",
    ),
]
