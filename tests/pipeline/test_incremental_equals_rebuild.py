"""The proof: whatever arrives, in whatever order, runs and crashes, the tables are those of one run over everything.

Random histories are run step by step, then compared with a single run over the same input (equal to the digit) and with
the second computation in `tests/support/oracle.py`. The single run is in a fresh home; where logs were rotated, which
changes the names that decide between lines of one moment, it is a rebuild from raw. `make test` runs the same few each
time, and `make mutants` more of them; CLIENTELE_SOAK=5000 runs that many, at random; `make soak` does so in several
processes.
"""

import json
import os
import shutil
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS

from orchestration.doctor.heal import heal_home
from orchestration.publish.leaving_out import MARTS
from orchestration.settings import Settings
from tests.support.agreement import assert_facts_of, assert_tables_of
from tests.support.carried import Publications
from tests.support.damage import WAYS
from tests.support.histories import History, histories, report
from tests.support.inbox import Inbox
from tests.support.oracle import Oracle
from tests.support.pipeline import Crash, Pipeline, Project, copy_inbox, copy_raw
from tests.support.requests import write_chatbots, write_exclusions, write_identity

# To find a fault, not to show the smallest history in which it does harm.
QUICK = bool(os.environ.get("CLIENTELE_FIRST_FAULT"))
SOAK = int(os.environ.get("CLIENTELE_SOAK") or 0)
EXAMPLES = SOAK or (100 if QUICK else 30)
# Hypothesis' own choices without its mutations of what it chose before: five of six histories would be near copies.
AVAILABLE_PROVIDERS["fresh"] = "hypothesis.internal.conjecture.providers.HypothesisProvider"
DAYS = [date(2026, 3, 7), date(2026, 3, 8), date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]


@settings(
    max_examples=EXAMPLES,
    derandomize=not SOAK,
    backend="fresh",
    deadline=None,
    phases=[Phase.generate] if QUICK else list(Phase),
    suppress_health_check=list(HealthCheck),
)
@given(
    history=histories(),
    ranges=st.lists(st.lists(st.sampled_from(DAYS), min_size=2, max_size=2), min_size=2, max_size=2),
)
def test_every_history_gives_the_tables_of_one_run_and_of_the_rules(
    history: History, ranges: list[list[date]], project: Project, memory: Path
) -> None:
    home, other = memory / "home", memory / "rebuilt"
    for folder in (home, other):
        shutil.rmtree(folder, ignore_errors=True)
    inbox = live(home, history, project)
    step_by_step = Pipeline(home, project).refresh()
    at_once = Pipeline((copy_raw if inbox.was_rotated else copy_inbox)(home, other), project).refresh(full=True)
    try:
        assert step_by_step.broken_tests() == []
        assert [one for one in step_by_step.balances() if not one.is_even] == []
        assert_same_tables(step_by_step, at_once)
        oracle, whole = Oracle(home, lines=inbox.lines), Oracle(home, lines=inbox.lines, with_excluded=True)
        assert_facts_of(oracle, step_by_step)
        (first, last), (one, another) = map(sorted, ranges)
        for chatbot in oracle.chatbots:
            assert_tables_of(oracle, step_by_step, chatbot, None, None, "range_end")
            assert_tables_of(oracle, step_by_step, chatbot, None, last, "range_end")
            assert_tables_of(oracle, step_by_step, chatbot, first, last, "now")
            assert_tables_of(oracle, step_by_step, chatbot, one, another, "range_end")
            assert_tables_of(whole, step_by_step, chatbot, first, last, "range_end", "include")
        tell(history, inbox)
    finally:
        step_by_step.close()
        at_once.close()


def tell(history: History, inbox: Inbox) -> None:
    """Add a history that passed to the report, for `make soak` in a file that is always whole."""
    report.update(history.met)
    report.update(inbox.met)
    if file := os.environ.get("CLIENTELE_SOAK_REPORT"):
        draft = Path(file).with_suffix(".part")
        draft.write_text(json.dumps(report), encoding="utf-8")
        draft.replace(file)


def live(home: Path, history: History, project: Project) -> Inbox:
    """Deliver and run, step by step; every run goes on behind what the one before left."""
    inbox = Inbox(home)
    pipeline = Pipeline(home, project)
    publications = Publications()
    try:
        for number, step in enumerate(history.steps):
            for place, how in step.rotations:
                inbox.rotate(place, how)
            for place, line in step.delivered:
                inbox.deliver(place, line, step.forms[place])
            if step.settings is not None:
                write_chatbots(home, **step.settings)
            if step.merges is not None:
                write_identity(home, *step.merges)
            if step.exclusions is not None:
                write_exclusions(home, *step.exclusions)
            pipeline.runs = number
            if step.damages:
                pipeline = damaged(pipeline, step.damages)
            try:
                places = len(project.models) + 2  # before `prepare`, before each model, before `commit`
                crash_after = None if step.crash is None else step.crash % places - 1
                pipeline.refresh(step.window, crash_after=crash_after)
                assert [one for one in pipeline.balances() if not one.is_even] == []
            except Crash:
                continue
            publications.publish(pipeline)
    finally:
        pipeline.close()
    report["publications carried on"] += publications.carried
    return inbox


def damaged(pipeline: Pipeline, damages: list[tuple[str, str]]) -> Pipeline:
    """Damage files of a home that no process has open, and heal it as every refresh does before it begins."""
    pipeline.close()
    for name, how in damages:
        if (pipeline.home / name).exists():
            WAYS[how](pipeline.home / name)
    heal_home(Settings(home=pipeline.home))
    opened_anew = Pipeline(pipeline.home, pipeline.project)
    opened_anew.runs = pipeline.runs
    return opened_anew


def assert_same_tables(one: Pipeline, other: Pipeline) -> None:
    """Every published table, and both tables over all time, to the last digit."""
    for table in MARTS:
        assert one.query(f"from {table} order by all") == other.query(f"from {table} order by all"), table
    chatbots = [row["chatbot_id"] for row in one.query("from chatbots")]
    for macro in ("organizations", "users"):
        for chatbot in chatbots:
            found = [sorted(pipeline.table(macro, chatbot, None, None), key=repr) for pipeline in (one, other)]
            assert found[0] == found[1], macro
