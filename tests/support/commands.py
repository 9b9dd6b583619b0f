"""`clientele` on a data home, each time in a process of its own that can be killed.

Three seconds of a refresh are imports, so `clientele` forks a process that has them behind it; `command_line` starts
from nothing, as a person does.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

# What a test publishes goes to no server that a person has set up for this checkout, and it asks none.
NOWHERE_ELSE = {"CLIENTELE_POSTGRES_URL": "", "CLIENTELE_EXPORT_URL": "", "OPENBAT_API_URL": "", "OPENBAT_API_KEY": ""}
TIMEOUT = 600
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.support.imported"])


def clientele(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command on a data home, with settings by their names without CLIENTELE_."""
    own = {name if name.startswith("OPENBAT_") else f"CLIENTELE_{name}": value for name, value in settings.items()}
    environment = environment_of(home) | own
    with tempfile.TemporaryDirectory() as folder:
        said, complained = Path(folder, "stdout"), Path(folder, "stderr")
        process = FORKING.Process(target=_run, args=(arguments, environment, said, complained))
        process.start()
        process.join(TIMEOUT)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["clientele", *arguments], TIMEOUT)
        texts = [path.read_text(encoding="utf-8") for path in (said, complained)]
    return subprocess.CompletedProcess(["clientele", *arguments], process.exitcode, *texts)


def command_line(*arguments: str) -> list[str]:
    """The command line of a command."""
    return [sys.executable, "-m", "orchestration.commands.main", *arguments]


def environment_of(home: Path) -> dict[str, str]:
    """The environment of a process that works on a data home."""
    own = {"CLIENTELE_HOME": str(home), "CLIENTELE_SCORER": "", "DO_NOT_TRACK": "1"}
    return os.environ | own | NOWHERE_ELSE


def _run(arguments: tuple[str, ...], environment: dict[str, str], said: Path, complained: Path) -> None:
    """In the forked process: be the command."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["clientele", *arguments]
    sys.stdout, sys.stderr = _instead_of(1, said), _instead_of(2, complained)

    from orchestration.commands.main import main

    main()


def _instead_of(descriptor: int, path: Path) -> IO[str]:
    with path.open("wb") as file:
        os.dup2(file.fileno(), descriptor)
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
