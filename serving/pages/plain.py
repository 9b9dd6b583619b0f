"""Pages without a table: the list of chatbots, the API's description, and what is said when there is nothing to show.

Plain HTML that shares the style sheet of the tables' pages.
"""

from html import escape

from serving.pages.links import page_path
from serving.snapshot import Chatbot

ASSETS = "/_pages/assets"
# The tables' pages remember light or dark under this name; without a choice the system's preference holds.
SCHEME = """
const chosen = localStorage.getItem('mantine-color-scheme-value');
const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.dataset.mantineColorScheme = dark ? 'dark' : 'light';
"""


def document(title: str, body: str) -> str:
    """Return a whole HTML document around a body."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="{ASSETS}/favicon.svg">'
        f'<script>{SCHEME}</script><link rel="stylesheet" href="{ASSETS}/clientele.css"></head>'
        '<body><header class="header"><a class="home" href="/" title="All chatbots"><span class="mark"></span></a>'
        f'<span class="chatbot">Clientele</span></header><main class="plain">{body}</main></body></html>'
    )


def home(chatbots: list[Chatbot]) -> str:
    """Return the list of chatbots with links to their tables."""
    cards = "".join(
        f'<li class="chatbot-card"><h2>{escape(chatbot.name)}</h2>'
        f'<p class="hint">{escape(chatbot.chatbot_id)} · {escape(chatbot.time_zone)}</p>'
        f'<p><a href="{page_path(chatbot.chatbot_id, "organizations")}">Organizations</a>'
        f'<a href="{page_path(chatbot.chatbot_id, "users")}">Users</a></p></li>'
        for chatbot in chatbots
    )
    body = f"<ul class='chatbot-cards'>{cards}</ul>" if cards else "<p>No chatbot has sent a conversation yet.</p>"
    return document("Clientele", f"<h1>Chatbots</h1>{body}<p class='hint'><a href='/docs'>API description</a></p>")


def problem(title: str, text: str) -> str:
    """Return a page that says why there is nothing to show; text between backquotes is a command."""
    parts = escape(text).split("`")
    said = "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
    return document(title, f"<div class='empty'><h2>{escape(title)}</h2><p>{said}</p></div>")
