"""`make bench`: each benchmark beside its floor or peer in one run, printed as a table with the ratio of the medians.

Times differ from machine to machine; the ratios are what to compare. Tests never assert them.
"""

from rich.console import Console
from rich.table import Table

from tests.benchmarks import landing, reading, refreshing, spreading


def main() -> None:
    console = Console()
    for benchmark in (reading, landing, refreshing, spreading):
        with console.status(f"{benchmark.TITLE}"):
            comparisons = benchmark.run()
        table = Table(title=benchmark.TITLE, title_justify="left")
        for column in ("measured", "median", "p95", "against", "its median", "ratio"):
            table.add_column(column, justify="left" if column in ("measured", "against") else "right")
        for one in comparisons:
            table.add_row(
                one.measured,
                f"{one.median * 1000:,.0f} ms",
                f"{one.p95 * 1000:,.0f} ms",
                one.against,
                f"{one.floor * 1000:,.0f} ms",
                f"{one.median / one.floor:.2f}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
