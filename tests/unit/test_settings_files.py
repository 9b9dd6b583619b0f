"""The CSV files that people write: chatbots, identity and labels. Their effect on numbers is tested in pipeline."""

from pathlib import Path

import pytest

from orchestration.errors import PipelineError
from orchestration.home.chatbots import Chatbot, read_chatbots, with_unlisted
from orchestration.home.labels import Label, read_labels
from orchestration.identity.mapping import Merge, read_identity

HEADER = "chatbot_id,name,time_zone,week_start,currency,mrr_unit\n"
MAPPING = "chatbot_id,kind,from_id,to_id,reason\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def test_an_absent_file_lists_no_chatbot(path: Path) -> None:
    assert read_chatbots(path) == []


def test_an_empty_cell_or_an_absent_column_takes_the_default(path: Path) -> None:
    path.write_text("chatbot_id,time_zone,currency\nsupport,Europe/Berlin,\n", encoding="utf-8")
    assert read_chatbots(path) == [Chatbot("support", "", "Europe/Berlin", "monday", "USD", "units")]


def test_a_chatbot_that_is_not_listed_gets_its_id_as_name_and_the_defaults() -> None:
    chatbots = with_unlisted([Chatbot("a", "Alpha", "Asia/Kolkata")], {"a", "b"})
    assert chatbots == [Chatbot("a", "Alpha", "Asia/Kolkata"), Chatbot("b", "b", "UTC", "monday", "USD", "units")]


def test_trap_35_ids_keep_their_leading_zeros_and_spaces(path: Path) -> None:
    path.write_text(HEADER + '00123,x,,,,\n" 9",y,,,,\n', encoding="utf-8")
    assert [chatbot.chatbot_id for chatbot in read_chatbots(path)] == ["00123", " 9"]
    path.write_text(MAPPING + '007,user,00123,123,\n007,user,1e2," 9",\n', encoding="utf-8")
    assert read_identity(path) == [Merge("007", "user", "00123", "123"), Merge("007", "user", "1e2", " 9")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("support,,Mars/Base,,,", "time_zone 'Mars/Base' is not known"),
        ("support,,,someday,,", "week_start is 'someday'"),
        ("support,,,,dollars,", "currency 'dollars' is not an ISO 4217 code"),
        ("support,,,,,pennies", "mrr_unit is 'pennies'"),
        (",nameless,,,,", "chatbot_id is empty"),
        ("support,,,,,,,", "more cells than columns"),
    ],
)
def test_a_bad_cell_is_named_with_file_line_and_what_is_allowed(path: Path, line: str, fault: str) -> None:
    path.write_text(HEADER + "sales,,,,,\n" + line + "\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=fault) as error:
        read_chatbots(path)
    assert f"{path}, line 3" in str(error.value)


def test_a_chatbot_listed_twice_is_refused(path: Path) -> None:
    path.write_text(HEADER + "a,,,,,\na,,,,,\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="line 3: chatbot 'a' is listed twice"):
        read_chatbots(path)


def test_an_unknown_column_and_bytes_that_are_no_text_are_refused(path: Path) -> None:
    path.write_text("chatbot_id,timezone\na,UTC\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="'timezone' is not one of them"):
        read_chatbots(path)
    path.write_bytes(b"chatbot_id\n\xff\xfe\n")
    with pytest.raises(PipelineError, match="not UTF-8"):
        read_chatbots(path)


@pytest.mark.parametrize("delimiter", ";\t|")
def test_a_file_that_a_spreadsheet_saved_without_commas_is_told_so(path: Path, delimiter: str) -> None:
    path.write_text(HEADER.replace(",", delimiter) + "support\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="line 1: the columns are not separated by commas"):
        read_chatbots(path)


def test_trap_39_a_chain_of_merges_leads_to_its_end(path: Path) -> None:
    path.write_text(MAPPING + "s,user,a,b,same\ns,user,b,c,same\ns,organization,a,z,\n", encoding="utf-8")
    assert read_identity(path) == [
        Merge("s", "user", "a", "c"),
        Merge("s", "user", "b", "c"),
        Merge("s", "organization", "a", "z"),
    ]


@pytest.mark.parametrize("lines", ["s,user,a,a,", "s,user,a,b,\ns,user,b,a,", "s,user,x,a,\ns,user,a,b,\ns,user,b,a,"])
def test_trap_39_a_circle_of_merges_is_refused_with_its_ids(path: Path, lines: str) -> None:
    path.write_text(MAPPING + lines + "\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"line \d+: the mapping goes in a circle \(.*a -> .*\)"):
        read_identity(path)


def test_one_id_with_two_targets_is_refused(path: Path) -> None:
    path.write_text(MAPPING + "s,user,a,b,\ns,user,a,c,\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="line 3: 'a' already maps to 'b'"):
        read_identity(path)


def test_labels_are_read_with_their_white_space_put_right_and_an_absent_file_has_none(path: Path) -> None:
    assert read_labels(path) == []
    path.write_text(
        'chatbot_id,field,label\nsupport,seats,"  Seats   bought "\nsales,seats,Seats bought\n', encoding="utf-8"
    )
    assert read_labels(path) == [Label("support", "seats", "Seats bought"), Label("sales", "seats", "Seats bought")]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("support,,Seats", "line 2: field is empty"),
        ("support,seats,", "line 2: label is empty"),
        ('support,seats," "', "line 2: label is empty"),
        ("support,seats,A\nsupport,seats,B", "line 3: field 'seats' has a label already"),
        ("support,seats,A\nsupport,tier,A", "line 3: 'A' is already what 'seats' is called"),
    ],
)
def test_a_bad_label_is_named_with_file_and_line(path: Path, lines: str, fault: str) -> None:
    path.write_text(f"chatbot_id,field,label\n{lines}\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=fault) as error:
        read_labels(path)
    assert str(path) in str(error.value)
