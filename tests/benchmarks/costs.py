"""What a command costs: CPU seconds of its whole process tree, wall time, and the memory of its largest process."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.commands import NOWHERE_ELSE


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) of the tree, wall seconds, and bytes of the largest process in it."""

    cpu: float
    wall: float
    memory: int


def tool(name: str) -> str:
    """The path of a command of this environment."""
    return str(Path(sys.executable).with_name(name))


def cost_of(
    command: list[str],
    *,
    home: Path | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Run a command to its end, on a data home without a scorer. Raises CalledProcessError with what it said."""
    environment = {**os.environ, **NOWHERE_ELSE, "CLIENTELE_SCORER": "", **(environment or {})}
    if home is not None:
        environment["CLIENTELE_HOME"] = str(home)
    start = os.times()
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    return Cost(usage.ru_utime + usage.ru_stime, os.times().elapsed - start.elapsed, usage.ru_maxrss * 1024)
