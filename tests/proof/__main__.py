"""`make proof`: 40 MB of real requests in reverse file order in 30 runs give the tables of one run over everything.

Both are runs of the real command, with the scorer on; ends with code 1 where anything differs. A third home without the
scorer is held against the second computation, which knows no VADER. A part of the log goes through the fast pipeline
in `tests/pipeline/test_reverse_order.py`.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.proof.comparison import check_receipts, judge, published_rows
from tests.proof.delivery import batches, put
from tests.proof.request_log import first_settings, last_settings, request_log
from tests.support.commands import command_line, environment_of

RUNS = 30
MEGABYTE = 1_000_000
REAL_MEGABYTES = 40

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def main() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, real = request_log(folder / "sample")
        assert real >= REAL_MEGABYTES * MEGABYTE
        console.print(
            f"{real / MEGABYTE:.1f} MB of real requests; with late scores, corrections, copies and broken lines"
            f" {sum(map(len, files.values())) / MEGABYTE:.1f} MB, {_lines(files):,} lines in {len(files)} files,"
            f" delivered {min(files).removesuffix('.jsonl')} to {max(files).removesuffix('.jsonl')}.",
            soft_wrap=True,
        )
        one_by_one, at_once = folder / "one by one", folder / "at once"
        first_settings(one_by_one)
        delivered = 0
        for number, batch in enumerate(batches(files, RUNS), start=1):
            if number == RUNS // 2 + 1:
                last_settings(one_by_one)
                console.print("From here on with other settings and another mapping.")
            put(one_by_one, batch)
            delivered += _lines(batch)
            _refresh(one_by_one, delivered, f"run {number:>2} of {RUNS}: {min(batch)} to {max(batch)}")
        last_settings(at_once)
        put(at_once, files)
        _refresh(at_once, delivered, "everything in one run")
        same = _compare(published_rows(one_by_one), published_rows(at_once))
        unscored = folder / "unscored"
        last_settings(unscored)
        put(unscored, files)
        _refresh(unscored, delivered, "everything in one run without the scorer", scorer="")
        console.print(f"{judge(unscored):,} tables of ranges, and every fact, are those of the second computation.")
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    console.print(f"{'Equal to the last digit' if same else 'NOT EQUAL'}, after {minutes} min {seconds} s.")
    return 0 if same else 1


def _lines(files: dict[str, bytes]) -> int:
    return sum(content.count(b"\n") for content in files.values())


def _refresh(home: Path, delivered: int, what: str, scorer: str = "vader") -> None:
    """Run the command, and check that every line that was delivered so far is accounted for."""
    started = time.monotonic()
    environment = environment_of(home) | {"CLIENTELE_SCORER": scorer}
    done = subprocess.run(command_line("refresh"), env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stdout}{done.stderr}")
    counts = check_receipts(home, delivered)
    said = ", ".join(f"{counts[name]:,} {name}" for name in ("accepted", "duplicates", "quarantined"))
    seconds = time.monotonic() - started
    console.print(f"{what}: {counts['lines']:,} lines so far = {said}; {seconds:.0f} s", soft_wrap=True)


def _compare(one_by_one: dict[str, Counter[str]], at_once: dict[str, Counter[str]]) -> bool:
    """Print what was compared, macros summed up over what they were asked; true when nothing differs."""
    table = Table("table or macro")
    for column in ("asked", f"rows after {RUNS} runs", "rows after one run", "rows that differ"):
        table.add_column(column, justify="right")
    assert one_by_one.keys() == at_once.keys()
    sums: dict[str, Counter[str]] = {}
    for asked in at_once:
        one, other = one_by_one[asked], at_once[asked]
        differing = ((one - other) + (other - one)).total()
        counts = Counter(asked=1, one=one.total(), other=other.total(), differing=differing)
        sums.setdefault(asked.partition("(")[0], Counter()).update(counts)
        if differing:
            console.print(f"{asked} differs, for example {[*(one - other), *(other - one)][:2]}")
    for name, counts in sums.items():
        table.add_row(name, *(f"{counts[column]:,}" for column in ("asked", "one", "other", "differing")))
    console.print(table)
    return not any(counts["differing"] for counts in sums.values())


if __name__ == "__main__":
    sys.exit(main())
