"""Every page and state that a reader meets, on the published directory of `published_fixture`, and how to come to it.

The screenshots and the test of accessibility walk through these. No tests here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from serving.access.identify import Gate
from serving.access.tokens import issue
from serving.saved_views import SavedView, save_view
from tests.serving.browser import serving
from tests.serving.published_fixture import NOW

Server = Literal["usual", "closed", "empty"]

ORGANIZATIONS = "/platform/support/organizations"
USERS = "/platform/support/users"


def save_views(folder: Path) -> Path:
    """Write a file of saved views, and a broken one; return their folder."""
    for name, state in (("Unhappy, and paying", {"sort": ["-mrr"], "sentiment_max": ["-0.2"]}), ("By name", {})):
        save_view(folder, "support", SavedView(table="organizations", name=name, state=state))
    (folder / "kolkata.json").write_text("{")
    return folder


@dataclass(frozen=True)
class State:
    """An address of one of the servers, and what is done there."""

    path: str
    does: Callable[[Page], object] = lambda page: None
    server: Server = "usual"


@contextmanager
def servers(published: Path, folder: Path) -> Iterator[dict[Server, str]]:
    """Serve a published directory as usual, with saved views; behind a closed door; and one in which nothing is.

    Yields their addresses. What they keep besides goes to a folder.
    """
    access, nothing = folder / "access.json", folder / "nothing"
    issue(access, "a reader", ["support"], [], None)
    nothing.mkdir()
    with (
        serving(published, lambda: NOW, views=save_views(folder / "views")) as usual,
        serving(published, lambda: NOW, gate=Gate(access, lambda: NOW)) as closed,
        serving(nothing, lambda: NOW) as empty,
    ):
        yield {"usual": usual, "closed": closed, "empty": empty}


def opened(button: str) -> Callable[[Page], None]:
    """Return what opens a panel by its button, and waits until it shows what there is."""

    def click(page: Page) -> None:
        page.click(f"#{button}")
        page.locator(":popover-open:not([aria-busy=true])").wait_for()

    return click


def chosen_filters(page: Page) -> None:
    opened("filters-button")(page)
    page.locator("#filters-form .option-rows").first.wait_for()


def crossed_bounds(page: Page) -> None:
    chosen_filters(page)
    page.get_by_label("Conversations, min", exact=True).fill("5")
    page.get_by_label("Conversations, max", exact=True).fill("2")
    page.locator(".bound .problem:visible").wait_for()


def server_away(page: Page) -> None:
    page.route("**/platform/**", lambda route: route.abort())
    page.click("#sort-mrr")
    page.locator("#failure:not([hidden])").wait_for()


def server_fails(page: Page) -> None:
    page.route("**/platform/**", lambda route: route.fulfill(status=500))
    page.click("#sort-mrr")
    page.locator("#failure:not([hidden])").wait_for()


def server_slow(page: Page) -> None:
    page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    page.click("#sort-mrr")
    page.locator("main[aria-busy=true]").wait_for()


def overview_away(page: Page) -> None:
    page.route("**/platform/**", lambda route: route.abort())
    opened("range-button")(page)
    page.get_by_role("link", name="Last month", exact=True).click()
    page.locator("#failure:not([hidden])").wait_for()


def filters_away(page: Page) -> None:
    page.route("**/filters/**", lambda route: route.abort())
    page.click("#filters-button")
    page.locator("#filters-trouble:visible").wait_for()


def wrong_token(page: Page) -> None:
    page.fill("#token", "a token that nobody gave")
    page.get_by_role("button", name="Sign in").click()
    page.locator("#sign-in-fault").wait_for()


def newer_data(page: Page) -> None:
    page.route("**/health", lambda route: route.fulfill(json={"status": "ok"}, headers={"ETag": '"newer"'}))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.locator("#newer:not([hidden])").wait_for()


STATES = {
    "chatbots": State("/"),
    "reference": State("/docs", lambda page: page.locator("summary").nth(1).click()),
    "not-found": State("/platform/nobody/users"),
    "organizations": State(f"{ORGANIZATIONS}?range=all_time"),
    "organizations-this-month": State(ORGANIZATIONS),
    "users": State(f"{USERS}?range=all_time"),
    "unhappiest": State(f"{USERS}?range=all_time&sort=sentiment&conversations_min=2"),
    "filtered": State(
        f"{ORGANIZATIONS}?range=all_time&plan=pro&plan=&mrr_min=10&search=e&sort=-messages&attributes=now"
    ),
    "custom-fields": State(
        f"{ORGANIZATIONS}?range=all_time&columns=organization_name&columns=custom.seats&columns=custom.tier"
        "&columns=custom.beta&columns=first_seen_at&sort=-custom.seats"
    ),
    "every-column": State(
        f"{USERS}?range=all_time&limit=50"
        "&columns=user_name&columns=email&columns=user_id&columns=organization_name&columns=plan&columns=industry"
        "&columns=mrr&columns=conversations&columns=sentiment&columns=messages&columns=scored_conversations"
        "&columns=satisfied_share&columns=neutral_share&columns=dissatisfied_share&columns=first_seen_at"
    ),
    "changes": State(
        f"{USERS}?range=this_week&columns=user_name&columns=status&columns=conversations&columns=conversations_change"
        "&columns=sentiment_change&sort=conversations_change"
    ),
    "trends": State(
        f"{ORGANIZATIONS}?columns=organization_name&columns=conversations&columns=conversations_trend"
        "&columns=sentiment&columns=sentiment_trend&sort=-conversations"
    ),
    "widths": State(
        f"{ORGANIZATIONS}?range=all_time&width=organization_name:120&width=mrr:70&width=sentiment:90&width=plan:260"
    ),
    "columns-moved": State(
        f"{ORGANIZATIONS}?columns=organization_name&columns=mrr&columns=plan&columns=custom.seats",
        opened("columns-button"),
    ),
    "dormant": State(f"{ORGANIZATIONS}?range=today&status=dormant&sort=-mrr&limit=10"),
    "organization": State(f"{ORGANIZATIONS}/a_b?range=all_time", lambda page: page.click(".twin summary")),
    "organization-range": State(f"{ORGANIZATIONS}/o3?range=all_time", opened("range-button")),
    "organization-export": State(f"{ORGANIZATIONS}/o3?range=all_time", opened("export-button")),
    "organization-without-activity": State(f"{ORGANIZATIONS}/cmd?range=today"),
    "user": State(f"{USERS}/mover?range=all_time&organization_id=minus&organization_id=empty"),
    "no-such-user": State(f"{USERS}/nobody"),
    "broken-link-to-a-user": State(f"{USERS}/mover?sort=nope"),
    "overview": State("/platform/support/overview", lambda page: page.click("text=The rules")),
    "overview-of-all-time": State("/platform/support/overview?range=all_time&excluded=include"),
    "overview-range-panel": State("/platform/support/overview?range=all_time", opened("range-button")),
    "overview-broken-link": State("/platform/support/overview?range=nope"),
    "overview-server-away": State("/platform/support/overview?range=all_time", overview_away),
    "overview-of-nothing": State("/platform/quiet/overview"),
    "beyond-the-data": State(f"{ORGANIZATIONS}?first_day=2026-11-01&last_day=2026-12-31"),
    "no-match": State(f"{ORGANIZATIONS}?range=all_time&search=zzz"),
    "no-activity": State("/platform/quiet/organizations"),
    "nothing-yet": State("/platform/eu%2Fneu%20%C3%A9/users"),
    "broken-link": State(f"{ORGANIZATIONS}?sort=nope"),
    "behind-the-last": State(f"{USERS}?range=all_time&offset=5000"),
    "range-panel": State(ORGANIZATIONS, opened("range-button")),
    "filters-panel": State(f"{ORGANIZATIONS}?range=all_time&plan=pro", chosen_filters),
    "filters-of-users": State(f"{USERS}?range=all_time", chosen_filters),
    "filters-refused": State(f"{USERS}?range=all_time&plan_not=pro&band=neutral&mrr=", chosen_filters),
    "filters-crossed": State(f"{USERS}?range=all_time", crossed_bounds),
    "filters-alone": State("/filters/support/users?range=all_time&find.organization_id=a"),
    "columns-panel": State(USERS, opened("columns-button")),
    "export-panel": State(USERS, opened("export-button")),
    "views-panel": State(f"{ORGANIZATIONS}?range=all_time&search=it's", opened("views-button")),
    "views-broken": State("/platform/kolkata/organizations", opened("views-button")),
    "quality-panel": State(ORGANIZATIONS, opened("quality-button")),
    "chatbots-panel": State(ORGANIZATIONS, opened("chatbot-button")),
    "shortcuts": State(ORGANIZATIONS, opened("shortcuts-button")),
    "server-away": State(f"{ORGANIZATIONS}?range=all_time", server_away),
    "server-fails": State(f"{ORGANIZATIONS}?range=all_time", server_fails),
    "server-slow": State(f"{ORGANIZATIONS}?range=all_time", server_slow),
    "filters-away": State(f"{ORGANIZATIONS}?range=all_time", filters_away),
    "sign-in": State(ORGANIZATIONS, server="closed"),
    "sign-in-refused": State(ORGANIZATIONS, wrong_token, server="closed"),
    "nothing-published": State("/", server="empty"),
    "newer-data": State(f"{ORGANIZATIONS}?range=all_time", newer_data),
}
