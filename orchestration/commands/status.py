"""`clientele status`: the state of a data home. Prints only."""

from datetime import UTC, datetime

from rich.console import Console

from orchestration.commands.printable import printable
from orchestration.erasure.tombstones import erasures
from orchestration.extract.landing.inventory import take_inventory
from orchestration.extract.landing.ledger import receipts, states
from orchestration.extract.read_api.asked import last_fault
from orchestration.home.sqlite_file import looking_into
from orchestration.publish.manifest import read_manifest
from orchestration.settings import Settings

RUNS = 5


def print_status(settings: Settings, console: Console) -> None:
    """What was read and what became of it, how far the published data runs, and the last runs."""
    files = states(settings.home)
    read = receipts(settings.home)
    console.print(f"Data home    {settings.home}", highlight=False, soft_wrap=True)
    counts = {
        name: sum(getattr(one, name) for one in read) for name in ("lines", "accepted", "duplicates", "quarantined")
    }
    console.print(
        "Read         {lines:,} lines of {files:,} files: {accepted:,} accepted, {duplicates:,} duplicate,"
        " {quarantined:,} quarantined".format(files=len(files), **counts)
    )
    console.print(f"Warnings     {sum(one.warnings for one in read):,} optional values dropped")
    if asked := erasures(settings.home):
        open_requests = sum(one.done_at is None for one in asked)
        todo = f", {open_requests:,} of them in the next refresh" if open_requests else ""
        console.print(f"Erased       {len(asked):,} users and organizations{todo}")
    inventory = take_inventory(settings.home)
    console.print(f"Inbox        {inventory.summary}", highlight=False)
    for line in inventory.unread():
        console.print(f"             {printable(line)}", style="yellow", highlight=False, soft_wrap=True)
    if settings.openbat_api_url:
        fault = last_fault(settings.home)
        answered = "not asked yet" if fault is None else fault or "asked without a fault"
        console.print(f"Read API     {answered}", highlight=False, markup=False, soft_wrap=True)
    manifest = read_manifest(settings.published)
    if manifest is None:
        console.print("Published    nothing yet: run `clientele refresh`")
    else:
        console.print(f"Published    snapshot {manifest['snapshot_id']}, data through {manifest['data_through']}")
    for line in _last_runs(settings):
        console.print(line, highlight=False)


def _last_runs(settings: Settings) -> list[str]:
    """The newest runs of Dagster's own storage, read without loading Dagster."""
    storage = settings.dagster_home / "history" / "runs.db"
    if not storage.exists():
        return []
    with looking_into(storage) as connection:
        rows = connection.execute(
            "select run_id, status, start_time, end_time from runs order by id desc limit ?", [RUNS]
        ).fetchall()
    return [
        f"Run          {run_id[:8]} {status.lower()}"
        + (f", started {datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S} UTC" if start else "")
        + (f", took {end - start:.0f} s" if start and end else "")
        for run_id, status, start, end in rows
    ]
