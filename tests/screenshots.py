"""Takes a picture of every page and state, at three widths, light and dark: `make screenshots`.

The data are those of the tests; the pictures are for looking at, and nothing is compared.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.serving.browser import launched
from tests.serving.page_states import STATES, Server, servers
from tests.serving.published_fixture import publish

SIZES = {1400: 900, 800: 900, 390: 844}
SCHEMES = ("light", "dark")
USUAL_FOLDER = Path("screenshots")


def main(folder: Path = USUAL_FOLDER, wanted: str = "") -> None:
    """Write the pictures of the states whose name contains a text into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        published = Path(name) / "published"
        published.mkdir()
        publish(published)
        with servers(published, Path(name)) as addresses, launched() as browser:
            for width, height in SIZES.items():
                for scheme in SCHEMES:
                    _take(browser, addresses, folder, wanted, width, height, scheme)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def _take(
    browser: Browser, addresses: dict[Server, str], folder: Path, wanted: str, width: int, height: int, scheme: str
) -> None:
    for name, state in STATES.items():
        if wanted not in name:
            continue
        window = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = window.new_page()
        page.goto(addresses[state.server] + state.path)
        state.does(page)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", animations="disabled")
        window.close()


if __name__ == "__main__":
    main(*(Path(sys.argv[1]), *sys.argv[2:]) if len(sys.argv) > 1 else ())
