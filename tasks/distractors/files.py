"""Shared documents, wiki pages and a chat."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

FOLDERS = ("Brand", "Facilities", "Minutes", "Templates")
PAGES = {
    "style guide": "Write for a reader in a hurry. One idea a sentence.",
    "office map": "Reception is on the ground floor, the canteen on the third.",
    "printer help": "Press the green button for five seconds, then wait for the light.",
}


async def list_shared_folders(_world: Any, owner: str | None = None) -> dict[str, Any]:
    """List the shared folders.

    Args:
        owner: Only those of this e-mail address.
    """
    return {"owner": owner, "folders": [] if owner else list(FOLDERS)}


async def search_documents(
    _world: Any, words: str, kind: Literal["any", "slides", "sheet", "text"] = "any"
) -> dict[str, Any]:
    """Search the shared documents by their titles.

    Args:
        words: Words of the title.
        kind: Only documents of this kind.
    """
    return {"words": words, "kind": kind, "documents": []}


async def read_wiki_page(_world: Any, title: str) -> dict[str, Any]:
    """Read a page of the office wiki.

    Args:
        title: The page's title, such as style guide.
    """
    text = PAGES.get(title.lower())
    if text is None:
        raise ToolError(f"the wiki has no page {title!r}; it has {', '.join(PAGES)}")
    return {"title": title, "text": text}


async def translate_text(
    _world: Any, text: str, language: Literal["de", "es", "fr", "pt"]
) -> dict[str, Any]:
    """Translate a text.

    Args:
        text: The text, in English.
        language: The language to translate it to.
    """
    raise ToolError(f"no translation to {language}: the service is not licensed for this account")


async def list_channels(_world: Any, archived: bool = False) -> dict[str, Any]:
    """List the channels of the chat.

    Args:
        archived: Whether to list archived ones instead.
    """
    return {"channels": [] if archived else ["general", "lunch", "random"]}


async def post_message(_world: Any, channel: str, text: str) -> dict[str, Any]:
    """Post a message to a channel of the chat.

    Args:
        channel: The channel's name, such as general.
        text: What to post.
    """
    raise ToolError(f"nothing was posted: you are not a member of {channel}")


async def create_document(
    _world: Any, title: str, kind: Literal["slides", "sheet", "text"], folder: str
) -> dict[str, Any]:
    """Create an empty shared document.

    Args:
        title: Its title.
        kind: What kind of document.
        folder: The folder it goes to.
    """
    raise ToolError(f"{title!r} was not created: {folder} is read-only for you")


async def share_document(
    _world: Any, document: str, person: str, right: Literal["view", "comment", "edit"] = "view"
) -> dict[str, Any]:
    """Share a document with someone.

    Args:
        document: The document's id, such as DOC-12.
        person: Their e-mail address.
        right: What they may do.
    """
    raise ToolError(f"there is no document {document!r}")


async def resize_image(
    _world: Any, file: str, width: Annotated[int, Field(ge=1, le=8000)]
) -> dict[str, Any]:
    """Make a copy of a picture at another width.

    Args:
        file: The file's name, such as logo.png.
        width: The new width in pixels.
    """
    raise ToolError(f"there is no picture {file!r}")


READS = (
    list_shared_folders,
    search_documents,
    read_wiki_page,
    translate_text,
    list_channels,
)
WRITES = (post_message, create_document, share_document, resize_image)
