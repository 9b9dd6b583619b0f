"""What assets are handed: the settings. Resources hold no connection."""

from orchestration.settings import Settings


def resources(settings: Settings) -> dict[str, object]:
    """Resources by the names that assets ask for."""
    return {"settings": settings}
