"""The files that pages load: the style sheet, the script and the icon, under names that change with their content.

A name is for ever the same bytes, so a browser loads each once. What is in the files is their own business.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "assets"
PREFIX = "/assets/"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent, and its address."""

    path: str
    media_type: str
    content: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its plain name."""
    return {file.name: _asset(file) for file in FOLDER.iterdir() if file.suffix in MEDIA_TYPES}


def asset_at(path: str) -> Asset | None:
    """Return the file of an address, if there is one."""
    return next((asset for asset in assets().values() if asset.path == path), None)


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    mark = sha256(content).hexdigest()[:12]
    return Asset(f"{PREFIX}{file.stem}.{mark}{file.suffix}", MEDIA_TYPES[file.suffix], content)
