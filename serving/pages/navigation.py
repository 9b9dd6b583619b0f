"""Where a page leads: the other table, the other chatbots, the pages of rows, and the files."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.rows import chosen_columns, written_columns
from serving.snapshot import Chatbot
from serving.tables.custom import PREFIX
from serving.tables.exports import FORMATS
from serving.tables.page_query import PAGE_LIMIT, PageQuery
from serving.tables.query_models import QUERIES
from serving.tables.results import Page

PAGE_SIZES = (10, 20, 50, 100)


@dataclass(frozen=True)
class Link:
    """A way to another state; `is_here` marks the one that is shown. Without an address it leads nowhere now."""

    text: str
    href: str | None
    is_here: bool = False


@dataclass(frozen=True)
class File:
    """A file with the whole result."""

    label: str
    suffix: str
    href: str


@dataclass(frozen=True)
class Pager:
    """Which rows are shown of how many, and the ways to the others."""

    shown: str
    sizes: list[Link]
    first: str | None
    previous: str | None
    next: str | None
    last: str | None


def tabs(asked: Asked) -> list[Link]:
    """Return both tables and the overview: each keeps what the numbers are of, a table what it can filter by too."""
    given = {name for name, _ in links.pairs(asked.search)} - links.NOT_FILTERS
    own = {name for name in given if name.startswith(PREFIX)}
    return [
        Link(
            name.capitalize(),
            links.page_path(asked.chatbot.chatbot_id, name)
            + links.carried(asked.search, own | (given & QUERIES[name].model_fields.keys())),
            name == asked.table.name and not asked.is_overview,
        )
        for name in QUERIES
    ] + [
        Link("Overview", links.overview_path(asked.chatbot.chatbot_id) + links.shared(asked.search), asked.is_overview)
    ]


def chatbots(asked: Asked, visible: Sequence[Chatbot]) -> list[Link]:
    """Return the same table of the chatbots that the reader may see, in the same range."""
    state, name = links.shared(asked.search), links.OVERVIEW if asked.is_overview else asked.table.name
    return [
        Link(
            chatbot.name,
            links.page_path(chatbot.chatbot_id, name) + state,
            chatbot.chatbot_id == asked.chatbot.chatbot_id,
        )
        for chatbot in visible
    ]


def files(asked: Asked) -> list[File]:
    """Return the files of the state: the columns of the page that are written, in their order, and no paging."""
    columns = [name for name in chosen_columns(asked.query) if name in written_columns(asked.query)]
    state = links.changed(asked.search, limit=None, width=None, columns=columns)
    # A file from a page is opened in a spreadsheet: where there can be a byte order mark there is one.
    marked = links.changed(state, bom="1")
    path = asked.chatbot.chatbot_id, asked.table.name
    return [
        File(one.label, one.suffix, links.rows_path(*path, one.suffix) + (marked if one.write_marked else state))
        for one in FORMATS
    ]


def pager(search: str, query: PageQuery, page: Page) -> Pager:
    """Return the ways to the other rows of the result of a state."""
    offset, size = query.offset, query.limit or PAGE_LIMIT
    last = offset + len(page.rows)
    has_before = offset > 0
    has_more = bool(page.rows) and last < page.total

    def at(start: int) -> str:
        return links.changed(search, **({"offset": str(start)} if start > 0 else {}))

    return Pager(
        shown=f"{offset + 1:,}–{last:,} of {page.total:,}" if page.rows else f"0 of {formats.count(page.total)}",
        sizes=[
            Link(
                str(choice),
                links.changed(search, limit=None if choice == PAGE_LIMIT else str(choice)),
                choice == size,
            )
            for choice in PAGE_SIZES
        ],
        first=at(0) if has_before else None,
        previous=at(offset - size) if has_before else None,
        next=at(offset + size) if has_more else None,
        last=at((page.total - 1) // size * size) if has_more else None,
    )
