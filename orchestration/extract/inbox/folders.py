"""Which files lie in the inbox: its folders, hidden names, `.ignore`, and links, each file once. Not what they hold."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from orchestration.errors import PipelineError
from orchestration.extract.inbox.files import InboxFile, unreadable

IGNORE = ".ignore"


class Inbox(NamedTuple):
    """The files of the inbox in the order of their paths, and how many `.ignore` leaves out."""

    files: list[InboxFile]
    left_out: int


def inbox_files(home: Path) -> list[InboxFile]:
    """Every file of the inbox that is not hidden and not left out, in the order of its path."""
    return look_into(home).files


def look_into(home: Path) -> Inbox:
    """Walk the inbox. Links are followed behind everything else, so that a file goes by its own path.

    Raises PipelineError where `.ignore` cannot be used.
    """
    walk = _Walk(home / "inbox")
    walk.folder(walk.inbox)
    while walk.links:
        walk.link(walk.links.pop(0))
    return Inbox(sorted(walk.files, key=lambda file: file.source_file), walk.left_out)


class _Walk:
    def __init__(self, inbox: Path) -> None:
        self.inbox = inbox
        self.files: list[InboxFile] = []
        self.left_out = 0
        self.links: list[Path] = []
        self._ignored = _ignore_patterns(inbox / IGNORE)
        # Device and inode of what was met, with its path below the inbox; of the folders around the inbox too.
        self._met: dict[tuple[int, int], str] = {}
        for folder in filter(Path.exists, inbox.absolute().parents):
            self._met[_identity(folder.stat())] = ".."

    def folder(self, folder: Path) -> None:
        try:
            self._met[_identity(folder.stat())] = self._name(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder != self.inbox or self.inbox.exists():
                self._note(folder, problem=unreadable(_printable(self._name(folder)), error))
            return
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                self.folder(path)
            elif self._ignored.match_file(self._name(path)):
                self.left_out += 1
            elif entry.is_symlink():
                self.links.append(path)
            else:
                self._file(path)

    def link(self, path: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self._note(path, problem=unreadable(_printable(self._name(path)), error))
            return
        if not stat.S_ISDIR(status.st_mode):
            self._file(path)
        elif (known := self._met.get(_identity(status))) is not None:
            self._note(path, same_as=known)
        elif not self._ignored.match_file(f"{self._name(path)}/"):
            self.folder(path)

    def _file(self, path: Path) -> None:
        name = self._name(path)
        if _printable(name) != name:
            shown = f"The name of the file inbox/{_printable(name)} is not valid UTF-8"
            self._note(path, problem=f"{shown}, so it was not read. Rename it.")
            return
        try:
            status = path.stat()
        except OSError as error:
            self._note(path, problem=unreadable(name, error))
            return
        if not stat.S_ISREG(status.st_mode):
            # Reading a pipe or a device may never end.
            problem = f"inbox/{name} is a pipe, socket or device, so it was not read. Deliver regular files."
            self._note(path, problem=problem)
        elif (known := self._met.setdefault(_identity(status), name)) != name:
            self._note(path, same_as=known)
        else:
            self.files.append(InboxFile(name, path, status.st_size, status.st_mtime_ns))

    def _note(self, path: Path, problem: str | None = None, same_as: str | None = None) -> None:
        self.files.append(InboxFile(_printable(self._name(path)), path, 0, 0, problem, same_as))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.inbox).as_posix()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _ignore_patterns(path: Path) -> GitIgnoreSpec:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError):
        raise PipelineError(f"{path} cannot be read. It holds patterns as in .gitignore, as UTF-8 text.") from None
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise PipelineError(f"{path} has a line that is no pattern as in .gitignore: {error}. Correct it.") from None


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
