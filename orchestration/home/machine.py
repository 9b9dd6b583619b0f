"""What the machine has: its memory, or that of the container. What of it is used for what is decided elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

MIB = 1 << 20


def machine_memory(membership: Path = Path("/proc/self/cgroup"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """The bytes of memory of this machine, or of the container that this process is in, where that has less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_limits(membership, groups)])


def _limits(membership: Path, groups: Path) -> Iterator[int]:
    """The limits of the control groups (version 1 or 2) that a process is in, and of those around them."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for _, controllers, group in (line.split(":", 2) for line in lines):
        if controllers == "memory":
            root, file = groups / "memory", "memory.limit_in_bytes"
        elif not controllers:
            root, file = groups, "memory.max"
        else:
            continue
        own = root / group.lstrip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(root) and (limit := _number(folder / file)) is not None:
                yield limit


def _number(file: Path) -> int | None:
    """What a file says; none where there is no such group here, or no limit."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
