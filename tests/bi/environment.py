"""An environment of Superset's own, beside the project's, exactly as its lock file says."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.bi.trouble import Trouble

FOLDER = Path(__file__).parent
LOCK = FOLDER / "requirements.lock"
ENVIRONMENT = FOLDER / ".venv"


def installed() -> Path:
    """Install what the lock file says, unless it is there already; returns the folder of the programs."""
    programs, stamp = ENVIRONMENT / "bin", ENVIRONMENT / ".installed"
    wanted = f"{sys.version_info[:2]} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return programs
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    venv.create(ENVIRONMENT, with_pip=True)
    install = [programs / "pip", "install", "--quiet", "--require-hashes", "--requirement", LOCK]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"Superset cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    stamp.write_text(wanted)
    return programs


def version() -> str:
    """The version of Superset that the lock file names."""
    named = (line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("apache-superset=="))
    return next(named).partition("==")[2]
