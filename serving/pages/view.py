"""What a page of a table shows for its state: its parts put together, all of one snapshot.

What each part says is in the module of that part; how it looks is in templates/table.html and assets/clientele.css.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from serving.pages import formats, links
from serving.pages.asked import Asked
from serving.pages.chips import Chip, filter_chips, sample_offer, view_chips
from serving.pages.chooser import ColumnChooser, chooser
from serving.pages.empty import Message, why_broken, why_empty
from serving.pages.filters import Filters, filters
from serving.pages.frame import Frame, frame
from serving.pages.navigation import File, Link, Pager, files, pager
from serving.pages.notices import Notice, notices
from serving.pages.period import range_words
from serving.pages.rows import Heading, Row, headings, order_words, read_columns, rows
from serving.pages.saved import SavedViews, saved_views
from serving.pages.state import page_query_of
from serving.pages.totals import TotalsLine, totals_line
from serving.snapshot import Chatbot, Snapshot
from serving.tables.parameters import BadQuery
from serving.tables.query import Crossed
from serving.tables.results import Page, read_page
from serving.tables.totals import read_totals
from serving.tables.unassigned import read_unassigned

SEARCH_HINTS = {"organizations": "Search name or ID", "users": "Search name, email or ID"}


@dataclass(frozen=True)
class SearchBox:
    """The search box: its text, what it looks through, and the state that goes along."""

    text: str
    hint: str
    state: list[tuple[str, str]]


@dataclass(frozen=True)
class TablePage(Frame):
    """A page of a table. `total` is the rows of the whole result."""

    filters_href: str
    total: str
    search: SearchBox
    filters: Filters
    filter_count: str
    columns: ColumnChooser
    saved: SavedViews | None
    files: list[File]
    notices: list[Notice]
    chips: list[Chip]
    clear: str | None
    view_chips: list[Chip]
    offer: Link | None
    totals: TotalsLine
    headings: list[Heading]
    rows: list[Row]
    empty: Message | None
    pager: Pager


def view_of(
    snapshot: Snapshot,
    chatbot: Chatbot,
    table: str,
    search: str,
    now: datetime,
    visible: Sequence[Chatbot] = (),
    views: Path | None = None,
) -> TablePage:
    """Return what a page shows; a state that makes no sense shows the default view's frame and says what is wrong.

    `visible` are the chatbots that the reader may see, `views` is the folder of the saved views.
    """
    model = page_query_of(table, chatbot)
    try:
        query = model.parse(search)
    except Crossed as error:
        query = error.query
    except BadQuery as error:
        asked = Asked(snapshot, chatbot, model(), "", now)
        return _view(asked, Page([], 0), TotalsLine(), why_broken(error), visible, views)
    asked = Asked(snapshot, chatbot, query, search, now)
    wanted = query.model_copy(update={"columns": read_columns(query)})
    page = read_page(snapshot, wanted, chatbot, now)
    empty = None if page.rows else why_empty(asked, page.total)
    return _view(asked, page, _totals(asked), empty, visible, views)


def _view(
    asked: Asked,
    page: Page,
    totals: TotalsLine,
    empty: Message | None,
    visible: Sequence[Chatbot],
    views: Path | None,
) -> TablePage:
    table, chatbot = asked.table, asked.chatbot
    chips = filter_chips(asked)
    form = filters(asked)
    around = frame(
        asked,
        visible,
        heading=table.name.capitalize(),
        path=links.page_path(chatbot.chatbot_id, table.name),
        summary=_summary(asked, chips),
    )
    return TablePage(
        **vars(around),
        filters_href=links.filters_path(chatbot.chatbot_id, table.name) + links.changed(asked.search),
        total=formats.count(page.total),
        search=SearchBox(asked.query.search, SEARCH_HINTS[table.name], links.beside(asked.search, {"search"})),
        filters=form,
        filter_count=str(len(chips)) if chips else "",
        columns=chooser(asked),
        saved=saved_views(asked, views) if views else None,
        files=files(asked),
        notices=notices(asked),
        chips=chips,
        clear=links.unfiltered(asked.search) if chips else None,
        view_chips=view_chips(asked),
        offer=sample_offer(asked),
        totals=totals,
        headings=headings(asked),
        rows=rows(asked, page.rows),
        empty=empty,
        pager=pager(asked.search, asked.query, page),
    )


def _totals(asked: Asked) -> TotalsLine:
    found = asked.remembered("totals", lambda: read_totals(asked.snapshot, asked.query, asked.chatbot, asked.now))
    return totals_line(found, asked.chatbot, asked.table.name, asked.days, asked.covered, _unassigned(asked))


def _unassigned(asked: Asked) -> int:
    """Return how many conversations are in no row; with a search or filters, rows are missing for other reasons."""
    if links.unfiltered(asked.search) != links.changed(asked.search):
        return 0
    return asked.remembered(
        "unassigned", lambda: read_unassigned(asked.snapshot, asked.query, asked.chatbot, asked.days)
    )


def _summary(asked: Asked, chips: list[Chip]) -> str:
    sort = asked.query.sort
    column = asked.table.column(sort.removeprefix("-"))
    chosen = "".join(f", {chip.label} {chip.value}" for chip in chips)
    order = f"by {column.label} ({order_words(column, sort)})"
    return f"{asked.table.name} of {range_words(asked)}{chosen}, {order}"
