"""`make bench`: each benchmark beside its floor or peer in one run, printed as tables with ratios.

Times differ from machine to machine; the ratios are what to compare. Tests never assert them. With `keep` the results
are written to `docs/benchmarks.md` and `docs/benchmarks.json`; with `guard` the ratios are held against the kept ones,
and what fell behind by more than a fifth is named. A second word names the one benchmark to run, by its module.
"""

import json
import os
import platform
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from orchestration.settings import PROJECT
from tests.benchmarks import backfill, daily, landing, painted, reading, spreading

BENCHMARKS = (backfill, daily, landing, reading, painted, spreading)
TABLES, RATIOS = PROJECT / "docs" / "benchmarks.md", PROJECT / "docs" / "benchmarks.json"
BEGIN = "<!-- measured: written by `make bench-keep` -->"
TOLERATED = 1.2
# A ratio below this is of milliseconds, which differ from run to run.
LEAST = 0.1


def main(mode: str = "", only: str = "") -> None:
    """Run all, or one; `mode` is empty, `keep` or `guard`."""
    console = Console()
    ratios: dict[str, float] = {}
    written = {}
    for benchmark in BENCHMARKS:
        if only not in ("", benchmark.__name__.rpartition(".")[2]):
            continue
        with console.status(benchmark.TITLE):
            results = list(benchmark.run())
        head = results[0].HEAD
        table = Table(*head, title=benchmark.TITLE, title_justify="left")
        rows = [one.cells() for one in results]
        for row in rows:
            table.add_row(*row)
        console.print(table)
        ratios |= {f"{benchmark.TITLE}: {one.measured}": round(one.ratio, 2) for one in results}
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
        written[benchmark.TITLE] = "\n".join([_measured(), "", *lines])
    if mode == "keep":
        _keep(written, ratios)
    elif mode == "guard":
        _guard(ratios)


def _measured() -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}."


def _keep(written: dict[str, str], ratios: dict[str, float]) -> None:
    """Replace the sections that were measured, and add those that are new; all others stay as they were kept."""
    explained, _, kept = TABLES.read_text(encoding="utf-8").partition(BEGIN)
    sections = dict(part.split("\n", 1) for part in kept.split("\n## ")[1:])
    sections = {title: text.strip() for title, text in sections.items()} | written
    texts = [f"\n## {title}\n\n{text}\n" for title, text in sections.items()]
    TABLES.write_text(f"{explained}{BEGIN}\n{''.join(texts)}", encoding="utf-8")
    others = {
        name: ratio
        for name, ratio in json.loads(RATIOS.read_text(encoding="utf-8")).items()
        if not name.startswith(tuple(f"{title}: " for title in written))
    }
    RATIOS.write_text(json.dumps(others | ratios, indent=2) + "\n", encoding="utf-8")


def _guard(ratios: dict[str, float]) -> None:
    kept: dict[str, float] = json.loads(RATIOS.read_text(encoding="utf-8"))
    behind = [
        f"{name}: {ratios[name]:.2f}, kept {ratio:.2f}"
        for name, ratio in kept.items()
        if name in ratios and ratios[name] > max(ratio, LEAST) * TOLERATED
    ]
    if behind:
        sys.exit("These fell behind by more than a fifth:\n" + "\n".join(behind))


if __name__ == "__main__":
    main(*sys.argv[1:])
