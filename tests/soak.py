"""`make soak`: the property test at length, in several processes with seeds of their own, and one report of it all.

What is tested stands in `tests/pipeline/test_incremental_equals_rebuild.py`; here are only the processes.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

TEST = "tests/pipeline/test_incremental_equals_rebuild.py"
SECONDS_BETWEEN_LINES = 60


def main(examples: int, processes: int) -> int:
    """Run so many examples; returns 0 when all of them passed."""
    seeds = [random.SystemRandom().randrange(2**32) for _ in range(processes)]
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        reports = [Path(folder, f"{seed}.json") for seed in seeds]
        outputs = [path.with_suffix(".txt") for path in reports]
        share = -(-examples // processes)
        running = [_start(share, *one) for one in zip(seeds, reports, outputs, strict=True)]
        next_line = began + SECONDS_BETWEEN_LINES
        while any(one.poll() is None for one in running) and not any(one.poll() for one in running):
            time.sleep(1)
            if time.monotonic() > next_line:
                next_line += SECONDS_BETWEEN_LINES
                print(f"{_merged(reports)['examples']:,} examples after {_minutes(began)} minutes", flush=True)
        failed = [place for place, one in enumerate(running) if one.poll()]
        for one in running:
            one.kill()
            one.wait()
        for place in failed:
            print(outputs[place].read_text(encoding="utf-8"))
        report = _merged(reports)
    print(f"\nSeeds {', '.join(map(str, seeds))}, {_minutes(began)} minutes. What the histories held:")
    for what, count in report.items():
        print(f"{count:>10,}  {what}")
    print("\nFAILED" if failed else f"\nAll {report['examples']:,} examples passed.")
    return int(bool(failed))


def _start(examples: int, seed: int, report: Path, output: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"CLIENTELE_SOAK": str(examples), "CLIENTELE_SOAK_REPORT": str(report)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}", TEST]
    with output.open("wb") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)


def _merged(reports: list[Path]) -> Counter[str]:
    """What all processes have met so far."""
    merged: Counter[str] = Counter()
    for path in reports:
        if path.exists():
            merged.update(json.loads(path.read_text(encoding="utf-8")))
    return merged


def _minutes(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.0f}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
