"""Text that others wrote, made fit for a terminal. What is said around it belongs to the commands."""


def printable(text: str, limit: int | None = None) -> str:
    """The text with control characters and other invisible ones as escapes; the end beyond `limit` is cut off.

    Escape sequences of a terminal, line breaks and marks that turn the direction of writing do nothing then.
    """
    # An escape is never shorter than its character, so nothing beyond the limit can be shown.
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text[:limit])
    if limit is None or (len(text) <= limit and len(shown) <= limit):
        return shown
    return shown[: limit - 1] + "…"
