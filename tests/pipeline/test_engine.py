"""Trap 59: the engine that is installed adds decimals rightly, in every shape of query that the project relies on.

DuckDB 2.0.0 and 2.0.1 multiply sums of decimals by 10^9 in some joins; whoever takes another engine learns it here.
"""

import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.support.pipeline import Pipeline, Project, refresh
from tests.support.publishing import Snapshot

CASE = Path(__file__).parents[1] / "cases" / "duckdb_inbox" / "a.jsonl"

# A sum of decimals joined to the keys that it was limited by: the shape in which 2.0 goes wrong.
LIMITED_SUM = """
    with keys as (select * from wanted),
    expected as (select bot, day, cast(0.5 as decimal(38, 9)) as total from keys),
    actual as (
        select facts.bot, facts.day, sum(facts.score) as total
        from facts inner join keys on facts.bot = keys.bot and facts.day = keys.day
        group by facts.bot, facts.day
    )
    select max(abs(actual.total)) from expected
    left join actual on expected.bot = actual.bot and expected.day = actual.day
    where expected.total is distinct from actual.total
"""

# One number for each chatbot and day, by {sum}, limited to the table `slice`. Each is another way through the engine.
SHAPES = {
    "grouped": """
        select chatbot_id, activity_date, {sum} from days join slice using (chatbot_id, activity_date) group by all
    """,
    "limited by a subquery": """
        select chatbot_id, activity_date, {sum} from days
        where (chatbot_id, activity_date) in (select (chatbot_id, activity_date) from slice) group by all
    """,
    "joined to its keys": """
        with sums as (
            select days.chatbot_id, days.activity_date, {sum} as total
            from days join slice on days.chatbot_id = slice.chatbot_id and days.activity_date = slice.activity_date
            group by days.chatbot_id, days.activity_date
        )
        select slice.chatbot_id, slice.activity_date, sums.total from slice
        left join sums on slice.chatbot_id = sums.chatbot_id and slice.activity_date = sums.activity_date
    """,
    "joined to another sum": """
        with left_sums as (
            select chatbot_id, activity_date, {sum} as total from days semi join slice using (chatbot_id, activity_date)
            group by all
        ),
        right_sums as (
            select chatbot_id, activity_date, sum(messages) as messages from days
            semi join slice using (chatbot_id, activity_date) group by all
        )
        select chatbot_id, activity_date, total from left_sums full join right_sums using (chatbot_id, activity_date)
    """,
    "windowed": """
        select distinct chatbot_id, activity_date, {sum} over (partition by chatbot_id, activity_date)
        from days semi join slice using (chatbot_id, activity_date)
    """,
    "summed in two steps": """
        with conversations as (
            select chatbot_id, activity_date, conversation_id, {sum} as {name} from days
            semi join slice using (chatbot_id, activity_date) group by all
        )
        select chatbot_id, activity_date, {sum} from conversations group by all
    """,
}


def test_trap_59_no_sum_of_decimals_is_multiplied_in_a_join() -> None:
    wrong = []
    for bots, days, rows, share in [
        (bots, days, rows, share)
        for bots in (3, 15, 40)
        for days in (5, 10, 30)
        for rows in (120, 170, 400, 2000)
        for share in (0.5, 1.0, 2.0)
    ]:
        with duckdb.connect() as connection:
            connection.execute(
                f"""
                create table facts as
                select 'b' || ((i * 7) % {bots}) as bot, (i * 13) % {days} as day,
                    cast(0.1 * (i % 3) as decimal(18, 9)) as score
                from range({rows}) as numbers (i)
                """
            )
            connection.execute(
                f"""
                create table wanted as
                select distinct 'b' || (i % {bots}) as bot, (i // {bots}) % {int(days * share) + 1} as day
                from range({int(bots * days * share)}) as numbers (i)
                """
            )
            (largest,) = connection.execute(LIMITED_SUM).fetchall()[0]
            if largest is not None and largest > 1000:
                wrong.append((bots, days, rows, share, largest))
    assert wrong == []


def test_trap_59_a_valid_inbox_that_met_the_fault_is_published(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "inbox").mkdir(parents=True)
    (home / "inbox" / CASE.name).write_bytes(CASE.read_bytes())
    done = refresh(home)
    assert done.returncode == 0, done.stderr
    (totals,) = Snapshot(home).query("select sum(lines) as lines, sum(accepted) as accepted from receipts")
    assert totals["lines"] == len(CASE.read_bytes().splitlines()) == 951
    assert Snapshot(home).query("select count(distinct chatbot_id) as chatbots from fct_conversation_days") == [
        {"chatbots": 11}
    ]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory, project: Project) -> duckdb.DuckDBPyConnection:
    """The published conversation-days of that inbox, with every sum of scores as a decimal and as an integer."""
    made = Pipeline(tmp_path_factory.mktemp("facts") / "home", project)
    rows = made.run(*CASE.read_bytes().splitlines()).query(
        "select chatbot_id, activity_date, conversation_id, messages, score_sum from fct_conversation_days"
    )
    made.close()
    connection = duckdb.connect()
    connection.execute(
        "create table days (chatbot_id varchar, activity_date date, conversation_id varchar, messages integer,"
        " score_sum decimal(18, 12), score_units hugeint)"
    )
    connection.executemany(
        "insert into days values (?, ?, ?, ?, ?, ?)",
        [[*row.values(), int(row["score_sum"].scaleb(12))] for row in rows],
    )
    return connection


@pytest.mark.parametrize("shape", SHAPES)
def test_trap_59_decimal_sums_of_random_slices_are_those_of_integers_and_of_python(
    facts: duckdb.DuckDBPyConnection, shape: str
) -> None:
    pick = random.Random(shape)
    everything = facts.execute("select chatbot_id, activity_date, score_sum from days").fetchall()
    keys = sorted({(bot, day) for bot, day, _ in everything})
    for _ in range(25):
        chosen = pick.sample(keys, pick.randint(1, len(keys)))
        facts.execute("create or replace temp table slice (chatbot_id varchar, activity_date date)")
        facts.executemany("insert into slice values (?, ?)", [list(key) for key in chosen])
        by_python: dict[tuple[object, object], Decimal] = defaultdict(Decimal)
        for bot, day, score in everything:
            if (bot, day) in set(chosen):
                by_python[bot, day] += score
        decimals = facts.execute(SHAPES[shape].format(sum="sum(score_sum)", name="score_sum")).fetchall()
        integers = facts.execute(SHAPES[shape].format(sum="sum(score_units)", name="score_units")).fetchall()
        assert {(bot, day): total for bot, day, total in decimals} == by_python
        assert {(bot, day): Decimal(int(total)).scaleb(-12) for bot, day, total in integers} == by_python
