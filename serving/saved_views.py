"""The files of saved views: named states of a chatbot's tables that everyone who sees the chatbot shares.

One file a chatbot, `views/<chatbot>.json`, made to be reviewed: values stand in it as people read them, not as an
address writes them. Whether a state makes sense is the business of `pages.saved`.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlencode

from filelock import FileLock
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

LONGEST_NAME = 60


def _name(text: str) -> str:
    if text != " ".join(text.split()) or not text.isprintable() or not 0 < len(text) <= LONGEST_NAME:
        message = "A name has 1 to {longest} characters, and single blanks between words"
        raise PydanticCustomError("view_name", message, {"longest": LONGEST_NAME})
    return text


class BadViews(Exception):
    """The views of a chatbot cannot be read or changed so. Its text is a sentence."""


class SavedView(BaseModel):
    """A state of a table under a name: the values of each parameter, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Literal["organizations", "users"]
    name: Annotated[str, AfterValidator(_name)]
    state: dict[str, list[str]]

    @property
    def search(self) -> str:
        """Return the state as a query string."""
        return "?" + urlencode(self.state, doseq=True) if self.state else ""

    @property
    def texts(self) -> list[str]:
        """Return every text that the view holds."""
        return [self.name, *(value for values in self.state.values() for value in values)]


class ViewsFile(BaseModel):
    """The whole file. It names its chatbot, because two of these may have one file where names have no case."""

    model_config = ConfigDict(extra="forbid")

    chatbot_id: str
    views: list[SavedView] = []

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for (table, name), times in Counter((one.table, one.name) for one in self.views).items():
            if times > 1:
                message = "{table} has two views called {name}"
                raise PydanticCustomError("view_twice", message, {"table": table, "name": name})
        return self


def read_views(folder: Path, chatbot_id: str) -> list[SavedView]:
    """Return the views of a chatbot in the order of the file; none where there is no file. Raises BadViews."""
    path = _path(folder, chatbot_id)
    try:
        file = ViewsFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadViews(f"The views in {path.name} cannot be read ({error.strerror}).") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = "".join(f"{one}: " for one in fault["loc"])
        raise BadViews(f"The views in {path.name} cannot be read: {where}{fault['msg']}.") from None
    if file.chatbot_id != chatbot_id:
        raise BadViews(f"The views in {path.name} are of another chatbot than its name says.")
    return file.views


def save_view(folder: Path, chatbot_id: str, view: SavedView, *, replaces: bool = False) -> None:
    """Add a view behind the others, or in place of the one of its name if that is wanted. Raises BadViews."""
    with _locked(folder, chatbot_id):
        views = read_views(folder, chatbot_id)
        places = [place for place, one in enumerate(views) if (one.table, one.name) == (view.table, view.name)]
        if places and not replaces:
            known = f"{view.table.capitalize()} has a view called {view.name!r}"
            raise BadViews(f"{known}. Choose another name, or --replace.")
        if places:
            views[places[0]] = view
        else:
            views.append(view)
        _write(folder, ViewsFile(chatbot_id=chatbot_id, views=views))


def remove_view(folder: Path, chatbot_id: str, table: str, name: str) -> None:
    """Take a view out. Raises BadViews, also where there is none of this name."""
    with _locked(folder, chatbot_id):
        views = read_views(folder, chatbot_id)
        kept = [one for one in views if (one.table, one.name) != (table, name)]
        if len(kept) == len(views):
            raise BadViews(f"{table.capitalize()} of {chatbot_id!r} has no view called {name!r}.")
        _write(folder, ViewsFile(chatbot_id=chatbot_id, views=kept))


def _path(folder: Path, chatbot_id: str) -> Path:
    return folder / f"{quote(chatbot_id, safe='')}.json"


def _locked(folder: Path, chatbot_id: str) -> FileLock:
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f".{_path(folder, chatbot_id).name}.lock")


def _write(folder: Path, file: ViewsFile) -> None:
    path = _path(folder, file.chatbot_id)
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as written:
        written.write(file.model_dump_json(indent=2) + "\n")
        written.flush()
        os.fsync(written.fileno())
    os.replace(draft, path)
