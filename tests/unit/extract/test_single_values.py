"""What a fault in each single field does, and what each field may say."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from request_log_samples import analysis, capture, encode, envelope, read, rejected, row, warned, with_message

from orchestration.extract.records.keys import key_of, normalise_text
from orchestration.extract.records.records import Record, read_record

NAN = float("nan")


def user(**fields: Any) -> dict[str, Any]:
    return capture(user={"id": "u1"} | fields)


def organization(**fields: Any) -> dict[str, Any]:
    return capture(organization={"id": "o1"} | fields)


def track(**request: Any) -> dict[str, Any]:
    return envelope("track", {"conversationId": "c1", "messages": [{"role": "user"}]} | request)


def flat(metadata: Any, **request: Any) -> dict[str, Any]:
    return envelope("conversations", {"messages": [{"role": "user"}], "metadata": metadata} | request)


# Which field fault does what: each drops one value alone, with one warning.
@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        (capture(kind="test"), "kind", "unknown_value"),
        (capture(kind=["probe"]), "kind", "unknown_value"),
        (capture(user="u1"), "user", "wrong_type"),
        (capture(user=["u1"]), "user", "wrong_type"),
        (capture(organization="Acme"), "organization", "wrong_type"),
        (capture(session=[]), "session", "wrong_type"),
        (capture(custom="vip"), "custom", "wrong_type"),
        (capture(metadata=[1]), "metadata", "wrong_type"),
        (user(id=True), "user.id", "bad_id"),
        (user(id={"a": 1}), "user.id", "bad_id"),
        (user(id="x" * 10_000), "user.id", "bad_id"),
        (user(id="a\0b"), "user.id", "bad_id"),
        (user(id=NAN), "user.id", "bad_id"),
        (encode(capture(user={"id": "?"})).replace(b'"?"', b"7" * 5_000), "user.id", "bad_id"),
        (encode(user(mrr="?")).replace(b'"?"', b"7" * 5_000), "user.mrr", "out_of_range"),
        (encode(user(mrr="?")).replace(b'"?"', b"1e999"), "user.mrr", "out_of_range"),
        (capture(user={}, userId=[1]), "userId", "bad_id"),
        (organization(id=False), "organization.id", "bad_id"),
        (organization(id="x" * 257), "organization.id", "bad_id"),
        (with_message(id=["m"]), "messages[0].id", "bad_id"),
        (with_message(id="m" * 257), "messages[0].id", "bad_id"),
        (with_message(id="m\0"), "messages[0].id", "bad_id"),
        (with_message(content=5), "messages[0].content", "wrong_type"),
        (track(messages=[{"role": "user", "content": [5]}]), "messages[0].content[0]", "wrong_type"),
        (with_message(content=[{"type": "text", "text": 5}]), "messages[0].content[0]", "wrong_type"),
        (with_message(content={"text": "Hi"}), "messages[0].content", "wrong_type"),
        (user(name=5), "user.name", "wrong_type"),
        (user(name="x" * 257), "user.name", "too_long"),
        (user(name="A\0nn"), "user.name", "control_character"),
        (user(name="Ann\x1b[2J."), "user.name", "control_character"),
        (user(name="Ann\nLee"), "user.name", "control_character"),
        (user(email=5), "user.email", "wrong_type"),
        (user(email="ann"), "user.email", "bad_email"),
        (user(email="ann@"), "user.email", "bad_email"),
        (user(email="@example.com"), "user.email", "bad_email"),
        (user(email="ann@lee@example.com"), "user.email", "bad_email"),
        (user(email="ann lee@example.com"), "user.email", "bad_email"),
        (user(email="a@" + "x" * 255), "user.email", "too_long"),
        (user(plan=["pro"]), "user.plan", "wrong_type"),
        (user(plan="x" * 65), "user.plan", "too_long"),
        (user(industry="x" * 257), "user.industry", "too_long"),
        (user(mrr="1,500"), "user.mrr", "wrong_type"),
        (user(mrr="9"), "user.mrr", "wrong_type"),
        (user(mrr="$1,500"), "user.mrr", "wrong_type"),
        (user(mrr=True), "user.mrr", "wrong_type"),
        (user(mrr=[5]), "user.mrr", "wrong_type"),
        (user(mrr=NAN), "user.mrr", "out_of_range"),
        (user(mrr=float("inf")), "user.mrr", "out_of_range"),
        (user(mrr=1e12), "user.mrr", "out_of_range"),
        (user(mrr=-(10**12)), "user.mrr", "out_of_range"),
        (user(createdAt="2024-01-01"), "user.createdAt", "bad_time"),
        (user(createdAt=1700000000), "user.createdAt", "bad_time"),
        (user(createdAt="soon"), "user.createdAt", "bad_time"),
        (organization(name={"en": "Acme"}), "organization.name", "wrong_type"),
        (organization(name="x" * 257), "organization.name", "too_long"),
        (organization(plan="x" * 65), "organization.plan", "too_long"),
        (organization(industry="\x07"), "organization.industry", "control_character"),
        (organization(mrr="5000"), "organization.mrr", "wrong_type"),
        (capture(session={"id": True}), "session.id", "bad_id"),
        (capture(session={"pageUrl": 5}), "session.pageUrl", "wrong_type"),
        (capture(session={"page_url": 5}), "session.page_url", "wrong_type"),
        (capture(session={"referrer": "x" * 8193}), "session.referrer", "too_long"),
        (capture(session={"device": ["mobile"]}), "session.device", "wrong_type"),
        (capture(session={"country": "x" * 65}), "session.country", "too_long"),
        (capture(custom={"a": [1]}), "custom.a", "wrong_type"),
        (capture(custom={"a": {"b": 1}}), "custom.a", "wrong_type"),
        (capture(custom={"a": NAN}), "custom.a", "out_of_range"),
        (capture(custom={"a": 1e29}), "custom.a", "out_of_range"),
        (capture(custom={"a": "x" * 1025}), "custom.a", "too_long"),
        (capture(custom={"a": "b\0"}), "custom.a", "control_character"),
        (capture(custom={" ": 1}), "custom. ", "bad_field_name"),
        (capture(custom={"x" * 257: 1}), "custom." + "x" * 257, "bad_field_name"),
        (capture(metadata={"a": [1]}), "metadata.a", "wrong_type"),
        (track(kind="test"), "kind", "unknown_value"),
        (track(user="u1"), "user", "wrong_type"),
        (track(user={"id": ["u1"]}), "user.id", "bad_id"),
        (track(user={"email": "ann"}), "user.email", "bad_email"),
        (track(user={"name": 5}), "user.name", "wrong_type"),
        (track(organization=["o1"]), "organization", "wrong_type"),
        (track(organization={"id": True}), "organization.id", "bad_id"),
        (track(organization={"name": "x" * 257}), "organization.name", "too_long"),
        (track(metadata="pro"), "metadata", "wrong_type"),
        (track(user={"id": "u"}, metadata={"mrr": "9"}), "metadata.mrr", "wrong_type"),
        (track(user={"id": "u"}, metadata={"plan": 5}), "metadata.plan", "wrong_type"),
        (track(user={"id": "u"}, metadata={"industry": "x" * 257}), "metadata.industry", "too_long"),
        (track(metadata={"source": ["web"]}), "metadata.source", "wrong_type"),
        (track(session=5), "session", "wrong_type"),
        (track(custom=5), "custom", "wrong_type"),
        (flat({"userId": [1]}), "metadata.userId", "bad_id"),
        (flat({"user_id": "x" * 257}), "metadata.user_id", "bad_id"),
        (flat({"email": "ann"}), "metadata.email", "bad_email"),
        (flat({"organization": {"id": "o"}}), "metadata.organization", "wrong_type"),
        (flat({"plan": "x" * 65}), "metadata.plan", "too_long"),
        (flat({"industry": True}), "metadata.industry", "wrong_type"),
        (flat({"mrr": "1,500"}), "metadata.mrr", "wrong_type"),
        (flat({"seats": {"n": 1}}), "metadata.seats", "wrong_type"),
        (flat("none"), "metadata", "wrong_type"),
        (flat({}, session={"pageUrl": 5}), "session.pageUrl", "wrong_type"),
        (flat({}, custom={"seats": [1]}), "custom.seats", "wrong_type"),
        (flat({}, kind=1), "kind", "unknown_value"),
        (flat({}, messages=[{"role": "user", "id": True}]), "messages[0].id", "bad_id"),
        (flat({}, messages=[{"role": "user", "content": 5}]), "messages[0].content", "wrong_type"),
        (analysis(0.5, external_message_id=True), "messages[0].external_message_id", "bad_id"),
        (analysis(user_sentiments="good"), "messages[0].user_sentiments", "wrong_type"),
        (analysis(user_sentiments=[0.5]), "messages[0].user_sentiments[0].score", "wrong_type"),
        (analysis("0.5"), "messages[0].user_sentiments[0].score", "wrong_type"),
        (analysis(True), "messages[0].user_sentiments[0].score", "wrong_type"),
        (analysis(None), "messages[0].user_sentiments[0].score", "wrong_type"),
        (analysis(NAN), "messages[0].user_sentiments[0].score", "out_of_range"),
        (analysis(1.7), "messages[0].user_sentiments[0].score", "out_of_range"),
        (analysis(-1.0000001), "messages[0].user_sentiments[0].score", "out_of_range"),
        (analysis(0.5, role="assistant"), "messages[0].user_sentiments", "not_a_user_message"),
    ],
)
def test_a_bad_optional_value_is_dropped_alone_with_a_warning(line: Any, path: str, reason: str) -> None:
    assert warned(line) == [(path, reason)]
    warning = read(line).warnings[0]
    assert warning.explanation.endswith(".")
    assert len(warning.excerpt) <= 80


@pytest.mark.parametrize(
    "line",
    [
        capture(user=None, organization=None, session=None, custom=None, metadata=None, kind=None),
        capture(user={}, organization={}, session={}, custom={}, metadata={}),
        capture(unknown={"a": [1]}, alsoUnknown=NAN),
        user(id=None, name=None, email=None, plan=None, industry=None, mrr=None, createdAt=None, surname=5),
        user(id="", name="", email=" ", plan="null", industry=" null ", mrr="", createdAt="null"),
        with_message(id=None, more=1),
        with_message(id=""),
        analysis(),
        analysis(user_sentiments=None, role="assistant"),
        analysis(0.5, role=None),
        analysis(user_sentiments=[{"score": 0.5, "text_chunk": 5, "reasoning": ["unread"]}]),
    ],
)
def test_absent_empty_and_unknown_values_are_no_reason_to_warn(line: Any) -> None:
    assert not warned(line)


def test_trap_30_text_and_booleans_are_no_mrr() -> None:
    for mrr in ("9", "$1,500", "1,500", True, [5], {"amount": 5}):
        assert row(organization(mrr=mrr))["has_organization_mrr"] is False


@pytest.mark.parametrize(
    ("mrr", "stored"),
    [
        (0, "0"),
        (-5, "-5"),
        (-0.0, "0"),
        (5000, "5000"),
        (99.95, "99.95"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1.5e-9, "0.000000001"),
        (0.00004999999999, "0.000049999"),
        (0.00005000000001, "0.000050001"),
        (999999999999.99, "999999999999.99"),
    ],
)
def test_mrr_is_kept_so_that_rounding_it_to_four_places_later_is_right(mrr: float, stored: str) -> None:
    assert row(user(mrr=mrr))["user_mrr"] == Decimal(stored)


ATTRIBUTES = ("name", "email", "plan", "industry", "mrr", "createdAt")


@pytest.mark.parametrize("field", ATTRIBUTES)
@pytest.mark.parametrize("value", [None, "", "  ", "null", " null\t"])
def test_trap_31_empty_text_and_the_text_null_clear_like_an_explicit_null(field: str, value: Any) -> None:
    column = "created_at" if field == "createdAt" else field
    found = row(user(**{field: value}))
    assert (found[f"has_user_{column}"], found[f"user_{column}"]) == (True, None)


@pytest.mark.parametrize("field", ATTRIBUTES)
def test_an_absent_or_dropped_attribute_is_not_present(field: str) -> None:
    column = "created_at" if field == "createdAt" else field
    for line in (user(), user(**{field: ["bad"]})):
        found = row(line)
        assert (found[f"has_user_{column}"], found[f"user_{column}"]) == (False, None)


def test_trap_31_text_is_trimmed_and_keeps_its_case() -> None:
    assert row(user(plan="Enterprise "))["user_plan"] == "Enterprise"
    assert row(user(name="NULL"))["user_name"] == "NULL"
    assert row(user(name="\u00a0Ann Lee\u3000"))["user_name"] == "Ann Lee"
    assert row(user(email=" Ann@Example.com\n"))["user_email"] == "Ann@Example.com"


def test_attributes_at_their_longest_are_kept() -> None:
    assert row(user(name=" " + "x" * 256 + " "))["user_name"] == "x" * 256
    assert row(user(plan="x" * 64))["user_plan"] == "x" * 64


def test_account_creation_is_an_instant_of_any_year() -> None:
    assert row(user(createdAt="1997-05-01T12:00:00Z"))["user_created_at"] == datetime(1997, 5, 1, 12)
    assert row(user(createdAt="2024-05-01T12:00:00+02:00"))["user_created_at"] == datetime(2024, 5, 1, 10)


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        ('"00123"', "00123"),
        ('"123"', "123"),
        ("123", "123"),
        ("-7", "-7"),
        ("1.50", "1.50"),
        ("1.5", "1.5"),
        ("12345.0", "12345"),
        ("1.2345e4", "12345"),
        ('"12345.0"', "12345.0"),
        ("1e3", "1000"),
        ("-0.0", "0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("18446744073709551616", "18446744073709551616"),
        ('" u1 "', " u1 "),
        ('"nullable"', "nullable"),
        ('"u\\n1"', "u\n1"),
    ],
)
def test_trap_35_ids_are_opaque_and_numbers_that_are_whole_are_their_digits(spelled: str, text: str) -> None:
    line = encode(capture(conversationId="?", user={"id": "?"}, organization={"id": "?"})).replace(
        b'"?"', spelled.encode()
    )
    record = read_record(line)
    assert isinstance(record, Record)
    assert record.request is not None
    assert (record.request[4], record.request[7], record.request[9]) == (text, text, text)


def test_a_number_as_message_id_is_its_digits_beside_a_nan() -> None:
    line = encode(capture(messages=[{"role": "user", "id": "?"}], user={"id": "u", "mrr": NAN})).replace(b'"?"', b"1.0")
    record = read_record(line)
    assert isinstance(record, Record)
    assert record.messages[0][6] == "1"
    assert [warning.path for warning in record.warnings] == ["user.mrr"]


def test_trap_33_a_request_without_user_has_none_and_no_key() -> None:
    for absent in (None, {}, {"id": ""}, {"id": None}, {"name": "Ann", "plan": "pro"}, "ann"):
        found = row(capture(user=absent))
        assert (found["user_id"], found["user_key"]) == (None, None)


def test_trap_34_without_an_id_the_normalised_email_identifies_the_user() -> None:
    spellings = ["Jos\u00e9@Example.com", " jose\u0301@example.com ", "JOS\u00c9@EXAMPLE.COM"]
    assert {row(capture(user={"email": email}))["user_id"] for email in spellings} == {"email:jos\u00e9@example.com"}
    two = [row(capture(user={"id": each, "email": "a@b.c"})) for each in ("u1", "u2")]
    assert two[0]["user_key"] != two[1]["user_key"]


def test_a_bad_user_id_counts_as_missing_so_the_email_identifies_the_user() -> None:
    assert row(capture(user={"id": True, "email": "a@b.c"}))["user_id"] == "email:a@b.c"
    assert row(capture(user={"id": True, "email": "nobody"}))["user_id"] is None


def test_trap_36_without_an_id_the_normalised_name_identifies_the_organization() -> None:
    by_name = row(capture(organization={"name": " ACME\u00a0 Stra\u00dfe "}))
    assert by_name["organization_id"] == "name:acme strasse"
    assert by_name["organization_name"] == "ACME\u00a0 Stra\u00dfe"
    by_id = [row(capture(organization={"id": "o1", "name": name}))["organization_key"] for name in ("A", "B")]
    assert by_id[0] == by_id[1] != by_name["organization_key"]
    assert row(capture(organization={"name": "null"}))["organization_id"] is None


def test_trap_32_the_same_id_in_two_chatbots_has_two_keys() -> None:
    assert key_of("a", "user", "u") != key_of("b", "user", "u") != key_of("b", "organization", "u")
    assert key_of("ab", "user", "c") != key_of("a", "user", "bc")
    assert -(2**63) <= key_of("a", "user", "u") < 2**63


def test_normal_form_is_stable_under_itself() -> None:
    for text in ("\u0130stanbul", "  A \t B ", "\u1e9e", "e\u0301", "\u0345\u0301"):
        assert normalise_text(normalise_text(text)) == normalise_text(text)


def test_the_deprecated_user_id_fills_in_for_a_missing_one_in_the_capture_shape_only() -> None:
    assert row(capture(user={"email": "a@b.c"}, userId="u9"))["user_id"] == "u9"
    assert row(capture(user=None, userId=9))["user_id"] == "9"
    assert row(capture(user={"id": "u1"}, userId="u9"))["user_id"] == "u1"
    assert row(track(userId="u9"))["user_id"] is None


@pytest.mark.parametrize(
    ("request_parts", "traffic"),
    [
        ({}, "organic"),
        ({"kind": "organic"}, "organic"),
        ({"kind": "probe"}, "probe"),
        ({"kind": "replay"}, "replay"),
        ({"kind": "Probe"}, "organic"),
        ({"conversationId": "obprobe_1"}, "probe"),
        ({"conversationId": "obprobe_1", "kind": "organic"}, "probe"),
        ({"conversationId": "x_obprobe_1"}, "organic"),
    ],
)
def test_trap_40_probe_and_replay_traffic_is_marked_on_requests_and_messages(
    request_parts: dict[str, Any], traffic: str
) -> None:
    assert row(capture(**request_parts))["traffic"] == traffic
    assert row(capture(**request_parts), "messages")["traffic"] == traffic


def test_track_metadata_fills_what_the_request_does_not_say_better() -> None:
    metadata = {"plan": "pro", "mrr": 49, "industry": "Retail", "source": "web"}
    found = row(track(user={"id": "u1", "plan": "free"}, organization={"id": "o1", "mrr": None}, metadata=metadata))
    assert (found["user_plan"], found["organization_plan"]) == ("free", "pro")
    assert (found["user_mrr"], found["organization_mrr"]) == (49, None)
    assert found["has_organization_mrr"] is True
    assert (found["user_industry"], found["organization_industry"]) == ("Retail", "Retail")
    assert custom(track(metadata=metadata)) == {"source": ("text", "web")}


def test_a_dropped_value_lets_the_metadata_fill_in_and_null_metadata_clears() -> None:
    found = row(track(user={"id": "u1", "mrr": "9"}, metadata={"mrr": 5, "plan": None}))
    assert found["user_mrr"] == 5
    assert (found["has_user_plan"], found["user_plan"]) == (True, None)


def test_metadata_fills_only_entities_that_are_named() -> None:
    found = row(track(organization={"id": "o1"}, metadata={"plan": "pro"}))
    assert (found["has_user_plan"], found["organization_plan"]) == (False, "pro")
    found = row(flat({"userId": "u1", "plan": "pro"}))
    assert (found["user_plan"], found["has_organization_plan"]) == ("pro", False)


def test_the_flat_shape_names_its_user_and_organization_in_the_metadata() -> None:
    metadata = {"user_id": 7, "email": "a@b.c", "organization": "Acme", "plan": "pro", "mrr": 5, "industry": "x"}
    found = row(flat(metadata | {"tier": 2}, session={"page_url": "/a"}))
    assert (found["user_id"], found["user_email"], found["user_plan"]) == ("7", "a@b.c", "pro")
    assert (found["organization_id"], found["organization_name"]) == ("name:acme", "Acme")
    assert (found["organization_mrr"], found["user_mrr"], found["page_url"]) == (5, 5, "/a")
    assert custom(flat(metadata | {"tier": 2})) == {"tier": ("number", 2)}
    assert row(flat({"userId": "a", "user_id": "b"}))["user_id"] == "a"
    assert row(flat({"userId": None, "email": "A@b.c"}))["user_id"] == "email:a@b.c"


def test_a_flat_conversation_is_named_by_its_line() -> None:
    line = flat({"userId": "u1"})
    record = read(line)
    assert row(line)["conversation_id"] == f"flat:{record.record_id}" == row(line, "messages")["conversation_id"]
    assert row(line)["conversation_key"] == key_of("support", "conversation", f"flat:{record.record_id}")
    assert row(line | {"received_at": "2026-11-22T10:15:01Z"})["conversation_id"] != row(line)["conversation_id"]


def custom(line: Any) -> dict[str, tuple[str, Any]]:
    values = {"text": 2, "number": 3, "boolean": 4, "null": 2}
    return {field[2]: (field[3], field[2 + values[field[3]]]) for field in read(line).custom_fields}


def test_trap_48_custom_fields_keep_their_types() -> None:
    fields = {"a": " x ", "b": 1.5, "c": True, "d": None, "e": "null", "f": 10**20, "g": 0}
    assert custom(capture(custom=fields)) == {
        "a": ("text", "x"),
        "b": ("number", Decimal("1.5")),
        "c": ("boolean", True),
        "d": ("null", None),
        "e": ("null", None),
        "f": ("number", 10**20),
        "g": ("number", 0),
    }


def test_capture_metadata_means_custom_fields_and_custom_wins() -> None:
    line = capture(user={"id": "u1"}, metadata={"plan": "pro", "a": 1, "b": 1}, custom={"a": 2, "b": [0]})
    assert custom(line) == {"plan": ("text", "pro"), "a": ("number", 2), "b": ("number", 1)}
    assert row(line)["has_user_plan"] is False


def test_a_device_that_is_not_sent_is_another_than_one_that_is_cleared() -> None:
    for session, wanted in (
        (None, (False, None)),
        ({"country": "DE"}, (False, None)),
        ({"device": None}, (True, None)),
        ({"device": " NULL "}, (True, None)),
        ({"device": " mobile "}, (True, "mobile")),
        ({"device": 5}, (False, None)),
    ):
        found = row(capture(session=session))
        assert (found["has_device"], found["device"]) == wanted, session


def test_the_session_is_kept() -> None:
    session = {"id": 5, "pageUrl": " /a ", "referrer": "", "device": "mobile", "country": "DE"}
    found = row(capture(session=session))
    names = ("session_id", "page_url", "referrer", "device", "country")
    assert [found[name] for name in names] == ["5", "/a", None, "mobile", "DE"]


@pytest.mark.parametrize("nothing", ["", "  ", "null", "NULL", "Null", "\u200b", None])
def test_a_blank_id_and_the_text_null_are_a_missing_id(nothing: Any) -> None:
    line = row(capture(user={"id": nothing, "email": "a@x.example"}, organization={"id": nothing, "name": "Acme"}))
    assert (line["user_id"], line["organization_id"]) == ("email:a@x.example", "name:acme")
    assert rejected(capture(conversationId=nothing)).reason == "no_conversation_id"


@pytest.mark.parametrize("number", [b"1e400", b"1e99999999999999999999", b"1e-99999999999999999999"])
def test_a_number_of_too_many_digits_is_no_id(number: bytes) -> None:
    line = encode(capture(user={"id": "?"})).replace(b'"?"', number)
    assert warned(line) == [("user.id", "bad_id")]
    assert row(line)["user_id"] is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_id_and_is_called_what_it_is(number: str) -> None:
    line = encode(capture(user={"id": "?"})).replace(b'"?"', number.encode())
    record = read_record(line)
    assert isinstance(record, Record)
    (warning,) = record.warnings
    assert warning.explanation == f"The id is {number}, not text or a number; it is treated as missing."


@pytest.mark.parametrize("sent", ["email:a@x.example", "name:acme", "id:7"])
def test_trap_62_a_sent_id_is_never_taken_for_a_name_or_an_email(sent: str) -> None:
    line = row(capture(user={"id": sent}, organization={"id": sent}))
    assert (line["user_id"], line["organization_id"]) == (f"id:{sent}", f"id:{sent}")


def test_invisible_characters_do_not_tell_names_and_emails_apart() -> None:
    for spelled in ("Acme Corp", "Acme\u200b Corp", "\ufeffAcme  Corp\u200d", "acme\u00a0CORP"):
        assert row(capture(user={"email": "A\u00ad@x.example"}, organization={"name": spelled}))["organization_id"] == (
            "name:acme corp"
        )
    assert row(capture(user={"email": "A\u00ad@x.example"}))["user_id"] == "email:a@x.example"
    assert row(capture(organization={"name": "\uff21cme Corp"}))["organization_id"] == "name:\uff41cme corp"


def test_in_names_only_the_lower_case_text_null_clears() -> None:
    assert row(user(name="Null"))["user_name"] == "Null"
    assert row(user(name="null"))["user_name"] is None
    assert row(user(plan="Null"))["user_plan"] is None
