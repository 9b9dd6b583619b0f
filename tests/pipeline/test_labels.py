"""`labels.csv`: what people call a chatbot's own fields is published with the snapshot, and changes no number."""

import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.support.pipeline import Pipeline, refresh
from tests.support.publishing import Publisher
from tests.support.requests import capture, deliver, said, write_exclusions

LINES = (
    capture("c1", said("m1", "2026-03-01T10:00:00Z"), user={"id": "ann"}, custom={"seats": 3, "tier": "gold"}),
    capture("c2", said("m2", "2026-03-02T10:00:00Z"), user={"id": "dev"}, custom={"seats": 9}),
    capture("c3", said("m3", "2026-03-02T11:00:00Z"), user={"id": "eve"}, custom={"seats": 1}, chatbot="sales"),
)


@pytest.fixture
def publisher(pipeline: Pipeline) -> Publisher:
    return Publisher(pipeline)


def write_labels(home: Path, *lines: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "labels.csv").write_text("\n".join(["chatbot_id,field,label", *lines]) + "\n", encoding="utf-8")


def labels(publisher: Publisher) -> list[tuple[str, str, str | None]]:
    rows = publisher.query("select chatbot_id, field, label from custom_fields order by all")
    return [(row["chatbot_id"], row["field"], row["label"]) for row in rows]


def test_a_label_stands_beside_its_field_of_its_chatbot_alone_and_changes_no_number(publisher: Publisher) -> None:
    publisher.run(*LINES)
    before = publisher.query("from users('support', null, null) order by all")
    assert {label for *_, label in labels(publisher)} == {None}
    write_labels(publisher.home, "support,seats,Seats bought", "support,not_sent_yet,Later", 'sales,tier,"a, b"')
    publisher.publish()
    assert labels(publisher) == [
        ("sales", "seats", None),
        ("support", "seats", "Seats bought"),
        ("support", "tier", None),
    ]
    assert publisher.query("from users('support', null, null) order by all") == before
    described = {one["name"]: one["meaning"] for one in publisher.manifest["tables"]["custom_fields"]["columns"]}
    assert "labels.csv" in described["label"]


def test_a_label_stays_where_one_who_sent_the_field_is_left_out(publisher: Publisher) -> None:
    write_labels(publisher.home, "support,seats,Seats bought")
    write_exclusions(publisher.home, ("user", "dev"))
    publisher.run(*LINES)
    assert ("support", "seats", "Seats bought") in labels(publisher)
    (row,) = publisher.query("select users from custom_fields where chatbot_id = 'support' and field = 'seats'")
    assert row["users"] == 1


def test_the_refresh_command_publishes_when_nothing_but_a_label_changed(tmp_path: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        done = refresh(tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    deliver(tmp_path, *LINES)
    run()
    for label in ("Seats bought", "Licences"):
        write_labels(tmp_path, f"support,seats,{label}")
        run()
        with duckdb.connect(str((tmp_path / "published" / "current.duckdb").resolve()), read_only=True) as connection:
            assert (label,) in connection.execute("select label from custom_fields").fetchall()
        assert "Nothing new" in run().stdout
    write_labels(tmp_path, "support,seats,")
    refused = refresh(tmp_path)
    assert refused.returncode == 1
    assert "labels.csv, line 2: label is empty." in refused.stderr.replace("\n", "")
