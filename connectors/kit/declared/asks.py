"""The part of the language that says what is asked besides sending, and how files come and go, as types."""

from typing import Any, Literal

import msgspec

from normalizer.parts import MediaKind


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the language."""


class Credentials(Part, frozen=True, kw_only=True):
    """Basic authentication (RFC 7617); both are templates."""

    user: str
    password: str


class Check(Part, frozen=True, kw_only=True):
    """A request that changes nothing and is answered well to whoever has the credentials."""

    method: Literal["GET", "POST"] = "GET"
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    name: str | None = None
    """A path in the answer, which is JSON, to what the account is called."""
    called: str | None = None
    """What it is called where no answer names it: a template."""


class Ask(Part, frozen=True, kw_only=True):
    """A request that does the same however often it is made."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None


class Register(Part, frozen=True, kw_only=True):
    """How the hub tells the provider its webhook, which is `{webhook_url}`."""

    needs: tuple[str, ...] = ()
    """Optional settings without which it cannot."""
    set: Ask | tuple[Ask, ...]
    """Several, where messages and reports have an address each."""
    read: Ask
    at: str
    """A path in the answer of `read`, which is JSON, to the address; where it leads nowhere, there is none."""
    remove: Ask | None = None
    """Without it, a webhook stays until another takes its place."""


class Backfill(Part, frozen=True, kw_only=True):
    """A list of what came, for what the hub missed while it was down. `{since}` is the time to look from, `{until}`
    that to look to, `{page}` the number of the page, `{offset}` how many items are before it, `{cursor}` what the page
    before said of it."""

    method: Literal["GET", "POST"] = "GET"
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    since: str = "%Y-%m-%dT%H:%M:%S.000Z"
    """How `{since}` and `{until}`, which are in UTC, are written, in the codes of `datetime.strftime`."""
    span: int | None = None
    """Seconds between the two at the most, at least an hour; without it, `{until}` is now."""
    first: int = 0
    """The number of the first page."""
    size: int = 0
    """How many items a page has, where `{offset}` counts them."""
    next: str | None = None
    """A path in the answer to the next page's address, or to that without its origin; the last page has none."""
    cursor: str | None = None
    """A path in the answer to the `{cursor}` of the next page; the last page has none."""
    newest_first: bool = False
    """The list begins with what came last, so it is asked for no further back than `{since}`."""
    items: str
    """A path in the answer, which is JSON, to a list, of which each reads as the whole body of a webhook would."""
    time: str
    """A path within an item to when it came."""
    read: tuple[str, ...] = ("iso",)
    """How that time is read, as that of a message is."""
    wait: int = 0
    """Seconds for which what came is left to the webhook, where that tells more than the list does."""
    setting: str | None = None
    """A flag; where it is off, nothing is asked for."""


class Fetch(Part, frozen=True, kw_only=True):
    """How the files of messages are fetched, which are written under the text as links without it."""

    url: str | None = None
    """Of a file that the message names by `{file_id}`; without it, what the message says is the address itself."""
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    hosts: tuple[str, ...] = ()
    """Which hosts get headers and password, by https alone, besides `api_base`: by name, or `.example.com` for all that
    end so. Files elsewhere are fetched without."""


class Files(Part, frozen=True, kw_only=True):
    """The files of a message, where they are more than addresses."""

    path: str
    """To a list of files, of which each has these."""
    source: str = "@"
    """A path within a file to its address or id."""
    type: str | None = None
    """A path to its media type; without one, the ending of its address says it."""
    name: str | None = None


class Carried(Part, frozen=True, kw_only=True):
    """How files leave: by addresses that the provider fetches. Other files, and other connectors, send links."""

    kinds: dict[MediaKind, str]
    """To the provider's word for each kind, which is `{file_kind}`."""
    most: int
    """Octets of one file."""
    types: dict[str, int] = {}
    """Octets by media type, where that differs."""
    album: int = 1
    """How many files one request takes."""
    caption: bool = True
    """A text may go along."""
    setting: str | None = None
    """A flag; where it is off, files go as links."""
    url: str | None = None
    query: dict[str, Any] | None = None
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    """What differs in a request with files from one without."""


class Templated(Part, frozen=True, kw_only=True):
    """How a text that the provider approved before leaves, by its name (`normalizer.parts.TemplatePart`)."""

    values: str | None = None
    """A regular expression that each value has to match as a whole."""
    errors: dict[str, tuple[str | int, ...]] = {}
    """Meanings of codes, where they differ from those of other messages."""
    url: str | None = None
    query: dict[str, Any] | None = None
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    """What differs in a request by a template from one without."""


class Places(Part, frozen=True, kw_only=True):
    """Where the places of a template are told: their names are a list, or stand in its text."""

    path: str
    form: str | None = None
    """A regular expression for one place in a text, whose one group is the name."""


class Templates(Part, frozen=True, kw_only=True):
    """A list of the templates there are, against which a message is held before it leaves. `{page}` is the number of
    the page, `{offset}` of those that were told before; a request that names neither is made once."""

    method: Literal["GET", "POST"] = "GET"
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    first: int = 1
    """The number of the first page."""
    full: int | None = None
    """How many are on a page after which another follows; without it, a page that tells nothing new is the last."""
    items: str
    """A path in the answer, which is JSON, to a list."""
    name: str
    """A path within an item to what messages call it."""
    language: str | None = None
    """A path to its language; without one, the name alone decides."""
    usable: str = "`true`"
    """A path within an item that finds something where the template may be sent."""
    state: str | None = None
    """A path to the provider's word for where it stands."""
    places: str | Places | None = None
    """Without it, nobody knows how many values there must be."""
    lasts: int = 300
    """For how many seconds the list is believed."""
    setting: str | None = None
    """A flag; where it is off, no list is asked for and names go as they are."""
