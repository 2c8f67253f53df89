"""The language of declared channels: what a `channel.yaml` may say, as types. Unknown keys are refused.

docs/explanation/declared-channels.md explains each key by example. A template is a text with `{name}` in it
(`connectors.kit.declared.templates`), a path a JMESPath expression (`connectors.kit.declared.paths`).
"""

from typing import Any, Literal

import msgspec

from connectors.kit.base import Settles
from connectors.kit.declared.asks import Ask as Ask
from connectors.kit.declared.asks import Backfill as Backfill
from connectors.kit.declared.asks import Carried as Carried
from connectors.kit.declared.asks import Check as Check
from connectors.kit.declared.asks import Credentials as Credentials
from connectors.kit.declared.asks import Fetch as Fetch
from connectors.kit.declared.asks import Files as Files
from connectors.kit.declared.asks import Places as Places
from connectors.kit.declared.asks import Register as Register
from connectors.kit.declared.asks import Templated as Templated
from connectors.kit.declared.asks import Templates as Templates
from connectors.kit.declared.authenticity import BasicAuth as BasicAuth
from connectors.kit.declared.authenticity import Ed25519 as Ed25519
from connectors.kit.declared.authenticity import Hmac as Hmac
from connectors.kit.declared.authenticity import Jwt as Jwt
from connectors.kit.declared.authenticity import ListedAddress as ListedAddress
from connectors.kit.declared.authenticity import Scheme as Scheme
from connectors.kit.declared.authenticity import SecretField as SecretField
from connectors.kit.declared.authenticity import SignedFields as SignedFields
from connectors.kit.declared.authenticity import StandardWebhooks as StandardWebhooks
from connectors.kit.declared.signatures import Acs3 as Acs3
from connectors.kit.declared.signatures import Signature as Signature
from connectors.kit.declared.signatures import Tc3 as Tc3
from connectors.kit.declared.simulated import Answered as Answered
from connectors.kit.declared.simulated import Call as Call
from connectors.kit.declared.simulated import Missed as Missed
from connectors.kit.declared.simulated import Simulated as Simulated
from normalizer.model import ConsentState

VERSION = 1


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the language."""


# --- settings -------------------------------------------------------------------------------------------------------


class Setting(Strict, frozen=True, kw_only=True):
    """One setting of the operator's. Without a default it is required, unless it is optional."""

    type: Literal["text", "secret", "origin", "whole", "flag", "addresses"] = "text"
    """`addresses` is a list of network addresses and networks."""
    help: str
    default: str | int | bool | tuple[str, ...] | None = None
    optional: bool = False
    form: str | None = None
    """A regular expression that a text must match as a whole."""


# --- receiving ------------------------------------------------------------------------------------------------------


class Field(Strict, frozen=True, kw_only=True):
    """Where a value stands, and how it is read."""

    path: str
    of: Literal["item", "body", "query"] = "item"
    read: tuple[str, ...] = ()
    """Functions of `connectors.kit.declared.functions`, applied one after the other."""


Spot = str | Field
"""A path within the item, or a field."""


class Parts(Strict, frozen=True, kw_only=True):
    """The item is one piece of a long message."""

    group: Spot
    order: Spot
    count: Spot


class Message(Strict, frozen=True, kw_only=True, tag="message", tag_field="is"):
    """Somebody wrote."""

    when: str
    id: Spot | None = None
    """Without one, the message is named by what it says."""
    sender: Spot
    text: Spot
    time: Spot | None = None
    """Without one, the time of receiving."""
    files: str | Files | None = None
    """A path to a list of addresses; they are fetched as `fetch` says, or else written under the text."""
    parts: Parts | None = None


class Report(Strict, frozen=True, kw_only=True, tag="status", tag_field="is"):
    """What became of a message of ours."""

    when: str
    id: Spot
    token: Spot | None = None
    status: Spot
    code: Spot | None = None
    time: Spot | None = None


class Consent(Strict, frozen=True, kw_only=True, tag="consent", tag_field="is"):
    """Somebody let us in, or shut us out."""

    when: str
    sender: Spot
    state: ConsentState
    time: Spot | None = None


class Passed(Strict, frozen=True, kw_only=True, tag="ignored", tag_field="is"):
    """Understood, and not kept."""

    when: str
    reason: str
    id: Spot


Kind = Message | Report | Consent | Passed


class Reply(Strict, frozen=True, kw_only=True):
    """What the provider hears after it was recorded."""

    status: int = 200
    text: str = ""
    type: str = "text/plain"


class Receive(Strict, frozen=True, kw_only=True):
    methods: tuple[Literal["GET", "POST"], ...] = ("POST",)
    body: Literal["json", "form", "xml"]
    """`form` is the query where the method is GET."""
    charset: str = "utf-8"
    """Of a form's fields."""
    items: str = "@"
    """A path to one item or a list of them."""
    kinds: tuple[Kind, ...]
    """The first whose `when` holds says what an item is."""
    words: dict[ConsentState, tuple[str, ...]] = {}
    """Messages that say nothing else are consent as well."""
    reply: Reply = Reply()


# --- sending --------------------------------------------------------------------------------------------------------


class Success(Strict, frozen=True, kw_only=True):
    """Both must hold."""

    statuses: tuple[int, ...] = (200, 201, 202)
    when: str = "`true`"


class Refusal(Strict, frozen=True, kw_only=True):
    """Where an answer that is no success says why: paths, the first that leads somewhere counts."""

    code: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    wait: float = 1.0
    """Seconds after a rate limit, where the answer has no Retry-After."""


class Alphabets(Strict, frozen=True, kw_only=True):
    """The provider's words for the alphabet of a text; without one, `{encoding}` has no value."""

    gsm: str | None = None
    """Where GSM 03.38 expresses all of it."""
    other: str | None = None


class Login(Strict, frozen=True, kw_only=True):
    """A request for a token, which is `{access_token}` in what is sent until it ends."""

    method: Literal["GET", "POST"] = "POST"
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    token: str
    """A path in the answer."""
    lasts: str | int = "expires_in"
    """Seconds, or a path to them."""
    again: tuple[int | str, ...] = (401,)
    """Statuses and codes of a refused send by which a kept token is asked for once more."""


class Send(Strict, frozen=True, kw_only=True):
    """Of `json`, `form`, `xml` and `query` there may be what the provider wants; their texts are templates."""

    login: Login | None = None
    sign: Signature | None = None
    method: Literal["GET", "POST"] = "POST"
    url: str
    headers: dict[str, str] = {}
    basic: Credentials | None = None
    query: dict[str, Any] = {}
    form: dict[str, Any] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None
    """As `connectors.kit.declared.xml_tree` writes it."""
    answer: Literal["json", "text", "xml"] = "json"
    """A text is `{"text": …}` to the paths."""
    pattern: str | None = None
    """A regular expression over an answer that is text: its named groups stand beside `text`."""
    encoding: Alphabets = Alphabets()
    media: Carried | None = None
    """Without it, files go as links."""
    template: Templated | None = None
    """Without it, of a message by a template its words are sent."""
    success: Success = Success()
    id: str | None = None
    """A path in the answer; without one, the token of the request names the message."""
    error: Refusal = Refusal()


class Limits(Strict, frozen=True, kw_only=True):
    text: int
    unit: Literal["code_points", "utf16", "octets"] = "code_points"
    segments: int | None = None
    """How many segments of a short message one request may take; 1 for a request for each."""
    window: int | None = None
    """Seconds after a message of theirs in which any words may leave; later, and before they ever wrote, only a
    template."""


# --- the file -------------------------------------------------------------------------------------------------------


class Channel(Strict, frozen=True, kw_only=True):
    version: int
    name: str
    channel: str
    scheme: str = "tel"
    summary: str
    about: str
    """What one connector is; heads the settings' documentation."""
    settles: Settles
    limits: Limits
    settings: dict[str, Setting]
    verify: tuple[Scheme, ...]
    """All of them must hold."""
    receive: Receive
    statuses: dict[str, tuple[str | int, ...]] = {}
    """Our status, or `ignored`, to the provider's words for it."""
    errors: dict[str, tuple[str | int, ...]] = {}
    """A meaning (`connectors.kit.declared.meanings`) to the provider's codes for it; `*` at the end fits any rest."""
    check: Check | None = None
    """Without one, nobody knows whether the credentials work before something is sent."""
    register: Register | None = None
    """Without it, the operator sets the webhook at the provider, or it goes along with each message."""
    backfill: Backfill | None = None
    """Without it, what came while the hub was down is what the provider calls with once more."""
    fetch: Fetch | None = None
    """Without it, files stay links."""
    templates: Templates | None = None
    """Without it, the provider alone knows which there are."""
    send: Send
    simulated: Simulated
