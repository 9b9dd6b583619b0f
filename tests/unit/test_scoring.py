"""The scorer: VADER's scores, on the right messages, each file whole or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from orchestration.extract.landing.schemas import MESSAGES
from orchestration.extract.scorer import NO_KNOWN_WORD, OTHER_LANGUAGE, Vader, judge, score_text
from orchestration.extract.scoring import SCORES, ensure_scores_schema, score_file_of, score_new_messages
from orchestration.sample.dataset import read_conversations

REFERENCE = SentimentIntensityAnalyzer()
# Words that the reference's rules are about, besides those of its lexicon.
RULE_WORDS = (
    "no not never so this least at kind sort of without doubt but BUT very or nor the shit bomb yeah right bus stop "
    "isn't extremely barely a x NO NOT :) ❤️ 😁 ok!!! what???"
)


def message(**fields: Any) -> dict[str, Any]:
    row = {
        "segment_id": "s1",
        "source_file": "a.jsonl",
        "source_line": 1,
        "record_id": "r1",
        "position": 1,
        "received_at": datetime(2026, 11, 22, 10),
        "chatbot_id": "support",
        "traffic": "organic",
        "conversation_id": "c1",
        "conversation_key": 1,
        "message_id": "m1",
        "role": "user",
        "content": "I love this!",
        "sent_at": datetime(2026, 11, 22, 9),
    }
    return row | fields


def write_messages(
    home: Path, rows: Sequence[dict[str, Any]], *, segment: str = "s1", row_group_size: int | None = None
) -> Path:
    file = home / "raw" / "messages" / f"{segment}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), MESSAGES), file, row_group_size=row_group_size)
    return file


def read_scores(home: Path, message_file: Path) -> pa.Table:
    return pq.ParquetFile(score_file_of(home, message_file)).read()


def test_scores_of_real_texts_are_the_reference_s() -> None:
    texts = [message.text for conversation in read_conversations() for message in conversation.messages][::100]
    vader = Vader()
    assert len(texts) > 2_500
    for text in texts:
        assert vader.polarity_scores(text) == REFERENCE.polarity_scores(text), text


@pytest.mark.parametrize("words", [4, 12, 60])
def test_scores_of_texts_full_of_rules_are_the_reference_s(words: int) -> None:
    draw = random.Random(words)
    lexicon = draw.sample(sorted(REFERENCE.lexicon), 300)
    vader = Vader()
    for _ in range(600):
        chosen = [
            draw.choice(lexicon if draw.random() < 0.4 else RULE_WORDS.split()) for _ in range(draw.randint(1, words))
        ]
        text = " ".join(word.upper() if draw.random() < 0.1 else word for word in chosen)
        assert vader.polarity_scores(text) == REFERENCE.polarity_scores(text), text


@pytest.mark.parametrize("text", ["😁" * 32_000, "but " + "😁" * 31_996, "but good bad " * 2_460])
def test_the_longest_message_takes_seconds_and_not_hours(text: str) -> None:
    """The reference takes time by the square of the words: 2,000 emoji took it 6 seconds, 32,000 did not end.

    One such message would have stopped every refresh.
    """
    started = time.process_time()
    assert Vader().score(text) is not None
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Das ist die schlechteste Antwort, die ich je bekommen habe", OTHER_LANGUAGE),
        ("Der Hund ist die beste Lösung", OTHER_LANGUAGE),
        ("もう我慢できない。最悪です", OTHER_LANGUAGE),
        ("C'est nul, ça ne marche pas", OTHER_LANGUAGE),
        ("Это ужасно 😡", OTHER_LANGUAGE),
        ("The invoice is in the file", NO_KNOWN_WORD),
        ("Where is order 12345?", NO_KNOWN_WORD),
        ("12345", NO_KNOWN_WORD),
        ("This is terrible!", None),
        ("It is not good", None),
        ("🙂", None),
        (":(", None),
    ],
)
def test_only_english_texts_with_a_known_word_or_emoji_are_scored_and_others_say_why(
    text: str, reason: str | None
) -> None:
    judgement = judge(text)
    assert judgement.reason == reason
    assert (judgement.ten_thousandths is None) == (reason is not None)


@pytest.mark.parametrize("text", ["\x00", "a\r\nb", "\u2028", "x" * 40_000, "\ufffd", "٣٤٥", "\u0301"])
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    assert judge(text).reason in (OTHER_LANGUAGE, NO_KNOWN_WORD)


def test_a_score_is_a_decimal_of_four_digits_and_a_blank_text_has_none() -> None:
    assert score_text("VADER is smart, handsome, and funny!") == Decimal("0.8439")
    assert score_text("The invoice is in the file") is None
    assert score_text("") is None
    assert score_text(" \t\n\u2003\u00a0") is None


def test_only_organic_user_messages_with_text_are_scored_and_keep_their_identity(tmp_path: Path) -> None:
    file = write_messages(
        tmp_path,
        [
            message(position=1),
            message(position=2, role="assistant"),
            message(position=3, role="system"),
            message(position=4, traffic="probe"),
            message(position=5, traffic="replay"),
            message(position=6, content=None),
            message(position=7, content="  \n"),
            message(position=8, content="This is terrible.", message_id=None, conversation_key=-(2**62)),
        ],
    )
    report = score_new_messages(tmp_path, [file])
    scores = read_scores(tmp_path, file)
    assert scores.schema.equals(SCORES)
    assert [row | {"received_at": None} for row in scores.to_pylist()] == [
        {
            "segment_id": "s1",
            "source_file": "a.jsonl",
            "source_line": 1,
            "record_id": "r1",
            "position": position,
            "received_at": None,
            "chatbot_id": "support",
            "conversation_key": key,
            "message_id": message_id,
            "score": score,
            "scorer": "vader",
            "unscored_reason": None,
        }
        for position, key, message_id, score in [
            (1, 1, "m1", Decimal("0.6696")),
            (8, -(2**62), None, Decimal("-0.4767")),
        ]
    ]
    assert scores["received_at"].to_pylist() == [datetime(2026, 11, 22, 10)] * 2
    assert (report.files, report.rows_read, report.messages, report.texts) == (1, 8, 2, 2)


def test_a_file_without_user_messages_gets_an_empty_score_file_and_is_not_read_again(tmp_path: Path) -> None:
    nobody = write_messages(tmp_path, [message(role="assistant")], segment="nobody")
    empty = write_messages(tmp_path, [], segment="empty")
    assert score_new_messages(tmp_path, [nobody, empty]).messages == 0
    assert read_scores(tmp_path, nobody).num_rows == read_scores(tmp_path, empty).num_rows == 0
    again = score_new_messages(tmp_path, [nobody, empty])
    assert (again.files, again.files_scored_before, again.rows_read) == (0, 2, 0)


def test_equal_texts_of_a_file_are_scored_once_and_every_message_has_its_row(tmp_path: Path) -> None:
    rows = [message(position=place, content=f"good number {place % 3}") for place in range(30)]
    file = write_messages(tmp_path, rows, row_group_size=7)
    report = score_new_messages(tmp_path, [file, file])
    assert (report.files, report.messages, report.texts) == (1, 30, 3)
    assert read_scores(tmp_path, file)["position"].to_pylist() == list(range(30))


def test_only_new_files_are_scored_and_what_is_there_is_not_touched(tmp_path: Path) -> None:
    first = write_messages(tmp_path, [message()], segment="first")
    score_new_messages(tmp_path, [first])
    before = score_file_of(tmp_path, first).stat()
    second = write_messages(tmp_path, [message()], segment="second")
    report = score_new_messages(tmp_path, [first, second])
    after = score_file_of(tmp_path, first).stat()
    assert (report.files, report.files_scored_before) == (1, 1)
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_empty_score_file_has_the_types_of_all_others_and_is_written_once(tmp_path: Path) -> None:
    path = ensure_scores_schema(tmp_path)
    assert path == tmp_path / "raw/scores/schema.parquet"
    assert pq.read_schema(path).equals(SCORES)
    assert pq.read_metadata(path).num_rows == 0
    before = path.stat().st_ino
    assert ensure_scores_schema(tmp_path).stat().st_ino == before
    assert score_new_messages(tmp_path, [path]).files == 0


def texts_of(words_each: int, count: int) -> list[dict[str, Any]]:
    draw = random.Random(7)
    words = [*draw.sample(sorted(REFERENCE.lexicon), 200), *RULE_WORDS.split()]
    return [message(position=place, content=" ".join(draw.choices(words, k=words_each))) for place in range(count)]


def test_several_processes_give_what_one_gives_and_progress_ends_at_the_total(tmp_path: Path) -> None:
    rows = texts_of(5, 10_500)
    alone, together = tmp_path / "alone", tmp_path / "together"
    tables = []
    for home, workers in ((alone, 1), (together, 2)):
        files = [
            write_messages(home, rows[:9_500], segment="large", row_group_size=2_000),
            write_messages(home, rows[9_500:], segment="small"),
        ]
        seen: list[tuple[int, int]] = []
        report = score_new_messages(home, files, workers=workers, progress=lambda *step, seen=seen: seen.append(step))
        assert report.messages == len(rows)
        assert seen == sorted(seen)
        assert seen[-1] == (len(rows), len(rows))
        tables.append([read_scores(home, file) for file in files])
    assert tables[0] == tables[1]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the list of child processes from /proc")
def test_a_killed_run_leaves_whole_files_and_no_process_and_is_finished_by_the_next(tmp_path: Path) -> None:
    rows = texts_of(12, 11_000)
    files = [
        write_messages(tmp_path, rows[start : start + 1_000], segment=f"s{start:05}")
        for start in range(0, len(rows), 1_000)
    ]
    script = tmp_path / "score.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom orchestration.extract.scoring import score_new_messages\n"
        "if __name__ == '__main__':\n"
        "    score_new_messages(Path(sys.argv[1]), [Path(file) for file in sys.argv[2:]], workers=2)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path), *map(str, files)], env=environment)
    wait_until(lambda: score_file_of(tmp_path, files[0]).exists())
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = [file for file in files if score_file_of(tmp_path, file).exists()]
    assert children
    assert 0 < len(done) < len(files)
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))

    report = score_new_messages(tmp_path, files, workers=1)
    assert (report.files, report.files_scored_before) == (len(files) - len(done), len(done))
    scored = [row["position"] for file in files for row in read_scores(tmp_path, file).to_pylist()]
    assert scored == list(range(len(rows)))


def wait_until(holds: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)
