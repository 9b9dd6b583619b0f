"""What makes a whole line unusable, and what does not."""

import json
from datetime import datetime
from typing import Any

import pytest
from request_log_samples import analysis, capture, encode, envelope, read, rejected, row, warned, with_message

from orchestration.extract.records.records import Record, read_record

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"received_at": ', "broken_json"),
        (b"hello", "broken_json"),
        (b'{"a": 1} {"b": 2}', "broken_json"),
        (b"[1, 2]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_utf8"),
        (b'{"a": "\\ud800"}', "invalid_unicode"),
        (b"[" * 100_000 + b"]" * 100_000, "nested_too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested_too_deep"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested_too_deep"),
        (b"[" * 100_000, "nested_too_deep"),
        (b'{"a": NaN, "b":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "nested_too_deep"),
    ],
)
def test_a_line_that_is_no_json_object_is_rejected_with_its_reason(line: bytes, reason: str) -> None:
    assert rejected(line).reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"received_at": None}, "bad_received_at"),
        ({"received_at": "yesterday"}, "bad_received_at"),
        ({"received_at": "2026-11-22"}, "bad_received_at"),
        ({"received_at": 1763806500}, "bad_received_at"),
        ({"received_at": "1999-12-31T23:59:59Z"}, "bad_received_at"),
        ({"received_at": "2026-02-30T10:00:00Z"}, "bad_received_at"),
        ({"chatbot_id": None}, "bad_chatbot_id"),
        ({"chatbot_id": ""}, "bad_chatbot_id"),
        ({"chatbot_id": 7}, "bad_chatbot_id"),
        ({"chatbot_id": "a\0b"}, "bad_chatbot_id"),
        ({"chatbot_id": "x" * 257}, "bad_chatbot_id"),
        ({"shape": None}, "unknown_shape"),
        ({"shape": "Capture"}, "unknown_shape"),
        ({"shape": ["capture"]}, "unknown_shape"),
        ({"request": None}, "bad_request"),
        ({"request": [1]}, "bad_request"),
    ],
)
def test_a_bad_envelope_rejects_the_line(changes: dict[str, Any], reason: str) -> None:
    assert rejected(capture() | changes).reason == reason


@pytest.mark.parametrize("key", ["received_at", "chatbot_id", "shape", "request"])
def test_a_missing_part_of_the_envelope_rejects_the_line(key: str) -> None:
    line = capture()
    del line[key]
    rejected(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (capture(conversationId=None), "no_conversation_id"),
        (capture(conversationId=""), "no_conversation_id"),
        (capture(conversationId=True), "bad_conversation_id"),
        (capture(conversationId=["c"]), "bad_conversation_id"),
        (capture(conversationId="x" * 10_000), "bad_conversation_id"),
        (capture(conversationId="a\0b"), "bad_conversation_id"),
        (capture(conversationId=float("nan")), "bad_conversation_id"),
        (envelope("track", {"messages": MESSAGES}), "no_conversation_id"),
        (envelope("track", {"conversationId": ["c"], "messages": MESSAGES}), "bad_conversation_id"),
        (envelope("analysis", {"messages": MESSAGES}), "no_conversation_id"),
        (envelope("analysis", {"external_conversation_id": "", "messages": MESSAGES}), "no_conversation_id"),
        (envelope("analysis", {"external_conversation_id": True, "messages": MESSAGES}), "bad_conversation_id"),
        (capture(messages=None), "no_message"),
        (capture(messages=[]), "no_message"),
        (capture(messages={"role": "user"}), "no_message"),
        (capture(messages=["Hello"]), "bad_message"),
        (capture(messages=[None]), "bad_message"),
        (envelope("track", {"conversationId": "c"}), "no_message"),
        (envelope("track", {"conversationId": "c", "messages": [1]}), "bad_message"),
        (envelope("conversations", {"metadata": {"userId": "u"}}), "no_message"),
        (envelope("conversations", {"messages": ["Hello"]}), "bad_message"),
        (envelope("analysis", {"external_conversation_id": "c", "messages": []}), "no_message"),
        (envelope("analysis", {"external_conversation_id": "c", "messages": ["Hello"]}), "bad_message"),
        (envelope("track", {"conversationId": "c", "messages": [{"content": "Hello"}]}), "bad_role"),
        (envelope("conversations", {"messages": [{"role": "bot"}]}), "bad_role"),
        (with_message(role="bot"), "bad_role"),
        (with_message(role=None), "bad_role"),
        (with_message(role=["user"]), "bad_role"),
        (analysis(0.5, role="bot"), "bad_role"),
        (with_message(sentAt="soon"), "bad_time"),
        (with_message(sentAt=""), "bad_time"),
        (with_message(sentAt="2026-11-22"), "bad_time"),
        (with_message(sentAt=1763806500), "bad_time"),
        (with_message(sentAt=True), "bad_time"),
        (with_message(sentAt="2026-11-23T10:15:00.000001Z"), "bad_time"),
        (with_message(sentAt="2026-11-22T10:15:00.000Z "), "bad_time"),
        (with_message(sentAt="2026-11-22T10:15:009+05"), "bad_time"),
        (with_message(sentAt="1999-12-31T23:59:59.999999Z"), "bad_time"),
        (envelope("track", {"conversationId": "c", "messages": [MESSAGES[0] | {"sentAt": 5}]}), "bad_time"),
        (envelope("conversations", {"messages": [MESSAGES[0] | {"sentAt": "soon"}]}), "bad_time"),
    ],
)
def test_a_request_without_what_it_needs_is_rejected_with_its_reason(line: Any, reason: str) -> None:
    rejection = rejected(line)
    assert rejection.reason == reason
    assert rejection.explanation.endswith("deliver the record again in a new file.")


def test_one_bad_message_rejects_all_messages_of_the_request() -> None:
    line = capture()
    line["request"]["messages"].append({"role": "bot"})
    assert "messages[1].role" in rejected(line).explanation


@pytest.mark.parametrize("year", ["1970-01-01T00:00:00Z", "2062-01-01T00:00:00Z", "1970-01-01T00:00:00"])
def test_trap_09_impossible_client_times_are_quarantined(year: str) -> None:
    assert rejected(with_message(sentAt=year)).reason == "bad_time"


def test_times_at_the_edges_of_what_is_possible_are_accepted() -> None:
    assert row(with_message(sentAt="2000-01-01T00:00:00Z"), "messages")["sent_at"] == datetime(2000, 1, 1)
    latest = row(with_message(sentAt="2026-11-23T10:15:00Z"), "messages")["sent_at"]
    assert latest == datetime(2026, 11, 23, 10, 15)


def test_trap_09_an_arrival_is_believed_until_the_year_2049() -> None:
    line = with_message(sentAt=None) | {"received_at": "2049-12-31T23:59:59Z"}
    assert row(line, "messages")["sent_at"] == datetime(2049, 12, 31, 23, 59, 59)
    for impossible in ("2050-01-01T00:00:00Z", "2062-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert rejected(line | {"received_at": impossible}).reason == "bad_received_at"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T10:14:59Z", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22t10:14:59z", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22 10:14:59", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22T10:14", datetime(2026, 11, 22, 10, 14)),
        ("2026-11-22T15:44:59.5+05:30", datetime(2026, 11, 22, 10, 14, 59, 500000)),
        ("2026-11-22T05:14:59-0500", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22T11:14:59+01", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22T10:14:59.123456999Z", datetime(2026, 11, 22, 10, 14, 59, 123456)),
        ("2026-11-22T10:14:59,1Z", datetime(2026, 11, 22, 10, 14, 59, 100000)),
        ("20261122T101459Z", datetime(2026, 11, 22, 10, 14, 59)),
        ("20261122T1014Z", datetime(2026, 11, 22, 10, 14)),
        ("2026-11-22T10Z", datetime(2026, 11, 22, 10)),
        ("2026-11-22T10.25Z", datetime(2026, 11, 22, 10, 15)),
        ("2026-11-22T10:14,5Z", datetime(2026, 11, 22, 10, 14, 30)),
        ("2026-11-21T24:00:00Z", datetime(2026, 11, 22)),
        ("2026-11-22T10:14:60Z", datetime(2026, 11, 22, 10, 15)),
        ("2016-12-31T23:59:60.5Z", datetime(2017, 1, 1, 0, 0, 0, 500000)),
        ("2026-11-22T11:14:59 +01:00", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-11-22T09:14:59\u221201:00", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-326T10:14:59Z", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026326T101459Z", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026-W47-7T10:14:59Z", datetime(2026, 11, 22, 10, 14, 59)),
        ("2026W477T101459Z", datetime(2026, 11, 22, 10, 14, 59)),
    ],
)
def test_a_time_in_any_iso_spelling_is_the_same_utc_instant(text: str, instant: datetime) -> None:
    assert row(with_message(sentAt=text), "messages")["sent_at"] == instant


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (1_700_000_000, "looks like epoch seconds"),
        (1_700_000_000_000.0, "looks like epoch milliseconds"),
        ("1700000000000", "looks like epoch milliseconds"),
        (1_700_000_000_000_000, "looks like epoch microseconds"),
        ("2026-11-22", "is a date without a time"),
        ("2026-11-22 10:14:59 UTC", "names its zone in words"),
        ("Sun, 22 Nov 2026 10:14:59 GMT", "names its zone in words"),
        ("2026-11-22T10:14:59Z[UTC]", "names its zone in words"),
        ("2026-11-22T10:14:59.Z", "is not a time such as"),
        ("+2026-11-22T10:14:59Z", "is not a time such as"),
        ("2026-02-30T10:00:00Z", "is not a time such as"),
        ("2026-366T10:00:00Z", "is not a time such as"),
        ("2026-W54-1T10:00:00Z", "is not a time such as"),
        ("2026-11-22T24:00:01Z", "is not a time such as"),
        ("2026-11-22T25:00Z", "is not a time such as"),
        ("2026-11-22T10:14:61Z", "is not a time such as"),
        ("2026-11-22T10:14:59+25:00", "is not a time such as"),
        ("2026-11-22T10:14:59+05:99", "is not a time such as"),
        ("20261122T101459-0060", "is not a time such as"),
        (" ", "is blank; leave it out where the time is not known"),
        (True, "is not a time such as"),
        ("\u0662026-11-22T10:14:59Z", "is not a time such as"),
    ],
)
def test_what_is_no_time_rejects_the_line_and_says_what_it_looks_like(value: Any, what: str) -> None:
    rejection = rejected(with_message(sentAt=value))
    assert rejection.reason == "bad_time"
    assert f"`messages[0].sentAt` {what}" in rejection.explanation


def test_a_message_without_a_time_has_the_time_of_arrival() -> None:
    assert row(with_message(sentAt=None), "messages")["sent_at"] == datetime(2026, 11, 22, 10, 15)


def test_the_event_time_is_the_newest_time_sent_and_not_the_arrival() -> None:
    line = capture()
    line["request"]["messages"] += [{"role": "assistant", "sentAt": "2026-11-20T08:00:00Z"}, {"role": "user"}]
    assert row(line)["event_at"] == datetime(2026, 11, 22, 10, 14, 59)
    assert row(with_message(sentAt=None))["event_at"] == datetime(2026, 11, 22, 10, 15)


def test_missing_or_bad_content_rejects_nothing() -> None:
    for content in (None, "", "  "):
        assert row(with_message(content=content), "messages")["content"] == content
        assert not warned(with_message(content=content))
    assert row(with_message(content={"text": "Hello"}), "messages")["content"] is None
    assert warned(with_message(content={"text": "Hello"})) == [("messages[0].content", "wrong_type")]


def test_a_list_of_content_parts_is_its_text_parts_joined() -> None:
    parts = [{"type": "text", "text": "I hate"}, {"type": "image_url", "image_url": "x"}, "this"]
    assert row(with_message(content=parts), "messages")["content"] == "I hate\nthis"
    assert row(with_message(content=[{"type": "image"}]), "messages")["content"] is None
    assert not warned(with_message(content=parts))


@pytest.mark.parametrize("role", ["User", "ASSISTANT", "Tool", "developer", "function"])
def test_the_six_roles_are_read_in_any_case(role: str) -> None:
    assert row(with_message(role=role), "messages")["role"] == role.lower()


def test_a_message_without_a_time_stands_beside_its_neighbours() -> None:
    line = capture(messages=[{"role": "user", "sentAt": at} for at in (None, "2026-11-22T10:00:00Z", None, None)])
    line["request"]["messages"] += [{"role": "user", "sentAt": "2026-11-22T09:00:00Z"}, {"role": "user"}]
    record = read_record(encode(line))
    assert isinstance(record, Record)
    assert [message[-1].hour for message in record.messages] == [10, 10, 10, 10, 9, 9]


def test_positions_count_from_zero_and_all_three_roles_are_kept_in_every_shape() -> None:
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant")]
    for shape in ("capture", "track", "conversations"):
        found = read(envelope(shape, {"conversationId": "c", "messages": messages})).messages
        assert [(message[0], message[7]) for message in found] == [(0, "system"), (1, "user"), (2, "assistant")]


def test_the_chatbot_of_a_rejected_line_is_named_where_it_can_be_read() -> None:
    assert rejected(capture(messages=[])).chatbot_id == "support"
    assert rejected(capture() | {"received_at": None}).chatbot_id == "support"
    assert rejected(capture() | {"chatbot_id": 5}).chatbot_id is None
    assert rejected(b"{").chatbot_id is None


def test_broken_json_says_where_it_breaks() -> None:
    assert "character 10" in rejected(b'{"a": 1, b}').explanation
    assert "byte 8" in rejected(b'{"a": "\xff"}').explanation


def test_equal_json_has_one_record_id_whatever_its_spelling() -> None:
    line = capture()
    spaced = json.dumps(line, indent=None, separators=(" ,  ", " : ")).encode()
    backwards = json.dumps(dict(reversed(line.items()))).encode()
    escaped = json.dumps(line).replace("Hello", "H\\u0065llo").encode()
    assert {read(each).record_id for each in (line, spaced, backwards, escaped)} == {read(line).record_id}
    assert read(line | {"received_at": "2026-11-22T10:15:01Z"}).record_id != read(line).record_id


def test_lines_that_differ_in_a_long_number_only_are_not_equal() -> None:
    ids = [12345678901234567890123, 12345678901234567890124]
    assert len({read(capture(user={"id": each})).record_id for each in ids}) == 2
    assert read(analysis(float("nan"))).record_id != read(analysis(None)).record_id


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"conversations": 1}, "The line has no envelope: none of `received_at`,"),
        ({"chatbot_id": "support"}, "The envelope's `received_at` is missing."),
        ({"received_at": None}, "The envelope's `received_at` is missing."),
        ({"received_at": 1_763_806_500}, "The envelope's `received_at` looks like epoch seconds,"),
        ({"received_at": "2026-11-22 10:15:00 UTC"}, "The envelope's `received_at` names its zone in words;"),
        ({"received_at": "1999-12-31T23:59:59Z"}, "The envelope's `received_at` is not from the years 2000 to 2049."),
    ],
)
def test_an_arrival_that_is_no_time_says_what_it_is_instead(line: dict[str, Any], fault: str) -> None:
    assert rejected(line).explanation.startswith(fault)
