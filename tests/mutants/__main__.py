"""`make mutants`: put each fault into a copy of the project, and see whether its test finds it there.

Only a failed assertion counts as found: a fault that breaks the program proves nothing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.faults import FAULTS, HISTORIES, Fault

CHECKOUT = Path(__file__).parents[2]
# What hypothesis writes above a history that fails.
COUNTEREXAMPLE = ("Falsifying example", "Failing test case")
# What pytest writes of an assertion that fails.
ASSERTION = ("AssertionError", "DID NOT RAISE")
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "data", "target", "logs", "__pycache__", ".*_cache", ".hypothesis")

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def main(only: str = "") -> int:
    """Print what became of every fault, or of those whose sentence holds a text; 1 when one survived."""
    table = Table("deliberate fault", "found")
    survived = 0
    chosen = [fault for fault in FAULTS if only in fault.sentence]
    for fault in chosen if only else [None, *chosen]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "copy")
            shutil.copytree(CHECKOUT, copy, ignore=LEFT_OUT)
            if fault:
                put_in(copy, fault)
            verdict = _verdict(copy, fault.test if fault else HISTORIES)
        survived += (verdict == "no") if fault else (verdict != "no")
        sentence = fault.sentence if fault else "(none)"
        console.print(f"{sentence}: {verdict}; {time.monotonic() - began:.0f} s", soft_wrap=True)
        table.add_row(sentence, verdict)
    console.print(table)
    return int(survived > 0)


def put_in(checkout: Path, fault: Fault) -> None:
    """Make the fault true in a checkout. Raises ValueError where its text does not stand there exactly once."""
    path = checkout / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.file} holds {text.count(fault.old)} times, not once: {fault.old}")
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


def _verdict(copy: Path, test: str) -> str:
    """What found the fault in this copy, or "no"."""
    report = copy / "report.json"
    wanted = {"CLIENTELE_FIRST_FAULT": "1", "CLIENTELE_SOAK_REPORT": str(report), "PYTHONPATH": str(copy)}
    environment = {name: value for name, value in os.environ.items() if name != "CLIENTELE_SOAK"} | wanted
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return "no"
    by_histories = test == HISTORIES
    expected = [ASSERTION, *([COUNTEREXAMPLE] if by_histories else [])]
    if not all(any(one in done.stdout for one in words) for words in expected):
        sys.exit(f"The test broke instead of failing:\n{done.stdout}{done.stderr}")
    if not by_histories:
        return f"by {Path(test).stem}"
    passed = json.loads(report.read_text(encoding="utf-8"))["examples"] if report.exists() else 0
    return f"by example {passed + 1}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
