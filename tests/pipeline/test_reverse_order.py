"""Real requests delivered in reverse file order in many runs: the tables are those of one run over everything,
and those of the second computation in `tests/support/oracle.py`.

A part of the log of `make proof`, which delivers all of it and runs the real command; this is the fast pipeline.
"""

from pathlib import Path

from tests.proof.comparison import check_receipts, judge, published_rows
from tests.proof.delivery import batches, put
from tests.proof.request_log import first_settings, last_settings, request_log
from tests.support.pipeline import Pipeline, Project
from tests.support.publishing import Publisher

RUNS = 30
SHARE = 0.1


def test_trap_44_real_requests_in_reverse_order_in_thirty_runs_give_the_tables_of_one_run(
    memory: Path, project: Project
) -> None:
    files, _ = request_log(memory / "sample", SHARE)
    one_by_one, at_once = (Pipeline(memory / name, project) for name in ("one by one", "at once"))
    first_settings(one_by_one.home)
    delivered = 0
    for number, batch in enumerate(batches(files, RUNS)):
        if number == RUNS // 2:
            last_settings(one_by_one.home)
        put(one_by_one.home, batch)
        delivered += sum(content.count(b"\n") for content in batch.values())
        one_by_one.refresh()
        check_receipts(one_by_one.home, delivered)
    last_settings(at_once.home)
    put(at_once.home, files)
    counts = check_receipts(at_once.refresh().home, delivered)
    assert min(counts["duplicates"], counts["quarantined"], counts["warnings"]) > 0
    found, expected = (published_rows(Publisher(one).publish().home) for one in (one_by_one, at_once))
    assert found.keys() == expected.keys()
    for asked, rows in expected.items():
        assert found[asked] == rows, asked
    assert judge(at_once.home) > 0
