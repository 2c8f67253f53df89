"""Fixtures: what a provider really sends and really receives, beside what we make of it.

    config.json            {"connector", "url", "received_at", "peer", "config": {…, test secrets}}
    inbound/<case>.http    one raw HTTP/1.1 request of the provider
    inbound/<case>.json    the list of Inbound items it must become
    outbound/<case>.json   {"ability", "outbound", "files", "sent", "capability"}
    outbound/<case>.http   the exact wire requests it must become, separated by lines `###`

What goes by SMTP is written the same way: `SMTP /<connector> ESMTP`, then as headers the envelope, `mail-from` and
`rcpt-to`, and as body the mail as it came; on the way out, the mail's own header stands with the envelope. What goes by
SMPP begins `SUBMIT / SMPP`; its fields stand as headers.

`peer` is the network address that all inbound requests come from, for plugins that go by it, and may be left out. In a
raw request the head's lines end in LF or CRLF and the body is taken byte for byte; one final newline of the file
is not part of it. Reading raises FixtureError, whose text names the file.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from connectors.kit.base import File, Outbound, OutboundEdit, OutboundReaction, Sent
from connectors.kit.request import Request
from normalizer.inbound import Address, Inbound
from normalizer.model import Time
from normalizer.status import Status

MOST_OCTETS = 8 << 20
MOST_HEADERS = 100
VOLATILE = re.compile(r"host|user-agent|accept.*|content-length|transfer-encoding|connection|date")
"""Headers that say nothing about the message; left out of wire requests."""
_SEPARATOR = re.compile(rb"^###[ \t]*\r?\n", re.MULTILINE)
_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*) (?:HTTP/1\.[01]|ESMTP|SMPP)")
_PROTOCOLS: Mapping[str, str] = {"SMTP": "ESMTP", "SUBMIT": "SMPP"}
"""By method, of what does not go by HTTP."""
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')

T = TypeVar("T")


class FixtureError(ValueError):
    """A fixture does not read as documented."""


@dataclass(frozen=True)
class WireRequest:
    """A request as it was on the wire. `path` includes the query; `headers` are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: str = ""
    """The network address it comes from, where that matters."""


@dataclass(frozen=True)
class Typing:
    """What `Types.typing` is called with, or `TypesUnder.typing_under` where a message is named."""

    address: Address
    thread: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Reading:
    """What `Reads.read` is called with."""

    address: Address
    external_id: str


@dataclass(frozen=True)
class InboundCase:
    name: str
    request: Request
    expected: tuple[Inbound, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class OutboundCase:
    name: str
    ability: Literal["send", "edit", "react", "typing", "read"]
    outbound: Outbound | OutboundEdit | OutboundReaction | Typing | Reading
    """Without files; `with_files` puts them in."""
    files: Mapping[str, "FixtureFile"]
    sent: Sent | None
    capability: frozenset[str]
    """Names of `connectors.kit.capability.shows` that the case shows; `public:<name>` those of `Info.public`."""
    wire: tuple[WireRequest, ...]

    def __str__(self) -> str:
        return self.name

    def with_files(self, folder: Path) -> Outbound | OutboundEdit | OutboundReaction | Typing | Reading:
        """The outbound value with its files written to `folder`."""
        if not isinstance(self.outbound, Outbound):
            return self.outbound
        return replace(self.outbound, files={name: file.write(name, folder) for name, file in self.files.items()})


@dataclass(frozen=True)
class Fixtures:
    connector: str
    url: str
    received_at: Time
    config: dict[str, Any]
    """The plugin's configuration as plain values, test secrets included."""
    inbound: tuple[InboundCase, ...]
    outbound: tuple[OutboundCase, ...]


class FixtureFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    media_type: str
    base64: str
    url: str | None = None

    def write(self, attachment_id: str, folder: Path) -> File:
        content = base64.b64decode(self.base64, validate=True)
        path = folder / attachment_id
        path.write_bytes(content)
        return File(attachment_id, path, self.media_type, self.name, len(content), self.url)


class _Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    connector: str
    url: str
    received_at: Time
    config: dict[str, Any]
    peer: str = ""


class _Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    external_ids: tuple[str, ...]
    status: Status = Status.ACCEPTED


class _Outbound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ability: Literal["send", "edit", "react", "typing", "read"]
    outbound: dict[str, Any]
    capability: frozenset[str]
    sent: _Sent | None = None
    files: dict[str, FixtureFile] = {}


SHAPES: Mapping[str, type[Outbound | OutboundReaction | Typing | Reading]] = {
    "send": Outbound,
    "edit": OutboundEdit,
    "react": OutboundReaction,
    "typing": Typing,
    "read": Reading,
}


def read_fixtures(folder: Path) -> Fixtures:
    """All fixtures of a plugin. Raises FixtureError."""
    config = _json(folder / "config.json", _Config)
    return Fixtures(
        connector=config.connector,
        url=config.url,
        received_at=config.received_at,
        config=config.config,
        inbound=tuple(_inbound(path, config) for path in _pairs(folder / "inbound")),
        outbound=tuple(map(_outbound, _pairs(folder / "outbound"))),
    )


def read_request(raw: bytes) -> WireRequest:
    """One raw HTTP/1.1 request, without the final newline of its file. Raises FixtureError."""
    head, blank, body = _split(raw)
    lines = head.decode("ascii", "replace").splitlines()
    line = _LINE.fullmatch(lines[0]) if lines else None
    if line is None or not blank or len(lines) > MOST_HEADERS + 1:
        raise FixtureError("not a raw HTTP/1.1 request: wanted a request line, headers and a blank line")
    headers: dict[str, str] = {}
    for text in lines[1:]:
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or name != name.strip():
            raise FixtureError(f"not a header: {text!r}")
        headers[name.lower()] = value.strip()
    return WireRequest(line["method"], line["path"], headers, body.removesuffix(b"\n"))


def read_wire(raw: bytes) -> tuple[WireRequest, ...]:
    """The requests of an outbound `.http` file, in canonical form. Raises FixtureError."""
    parts = _SEPARATOR.split(raw) if raw.strip() else []
    return tuple(canonical(read_request(part)) for part in parts)


def write_wire(requests: Sequence[WireRequest]) -> bytes:
    """Wire requests as an outbound `.http` file; `read_wire` gives them back."""
    return b"###\n".join(map(_written, map(canonical, requests)))


def canonical(request: WireRequest) -> WireRequest:
    """The request without volatile headers, with `BOUNDARY` for whatever separates its multipart body, and with
    `OAuth SIGNED` for what is signed with the moment and a number drawn for it (RFC 5849)."""
    headers = {name: value for name, value in sorted(request.headers.items()) if not VOLATILE.fullmatch(name)}
    if headers.get("authorization", "").startswith("OAuth "):
        headers["authorization"] = "OAuth SIGNED"
    body = request.body
    kind = headers.get("content-type", "")
    boundary = _BOUNDARY.search(kind) if kind.startswith("multipart/") else None
    if boundary is not None:
        headers["content-type"] = _BOUNDARY.sub("boundary=BOUNDARY", kind)
        body = body.replace(b"--" + boundary[1].encode(), b"--BOUNDARY")
    return WireRequest(request.method, request.path, headers, body)


def as_request(wire: WireRequest, url: str, received_at: Time) -> Request:
    """A provider's request as the plugin gets it: `url` gives scheme and host, the request line the rest."""
    scheme, _, rest = url.partition("://")
    place = f"{scheme}://{rest.partition('/')[0]}{wire.path}"
    return Request(wire.method, place, wire.headers, wire.body, received_at, peer=wire.peer)


def _inbound(path: Path, config: _Config) -> InboundCase:
    try:
        wire = replace(read_request(_octets(path.with_suffix(".http"))), peer=config.peer)
    except FixtureError as error:
        raise FixtureError(f"{path.with_suffix('.http')}: {error}") from error
    expected = _json(path.with_suffix(".json"), tuple[Inbound, ...])
    return InboundCase(path.name, as_request(wire, config.url, config.received_at), expected)


def _outbound(path: Path) -> OutboundCase:
    case = _json(path.with_suffix(".json"), _Outbound)
    shape = SHAPES[case.ability]
    unknown = case.outbound.keys() - {field.name for field in fields(shape)} | case.outbound.keys() & {"files"}
    if unknown:
        raise FixtureError(f"{path}.json: outbound has no {', '.join(sorted(unknown))}")
    try:
        outbound = msgspec.convert(case.outbound, shape, dec_hook=_no_path)
        wire = read_wire(_octets(path.with_suffix(".http")))
    except (msgspec.ValidationError, FixtureError) as error:
        raise FixtureError(f"{path}: {error}") from error
    sent = Sent(case.sent.external_ids, case.sent.status) if case.sent else None
    return OutboundCase(path.name, case.ability, outbound, case.files, sent, case.capability, wire)


def _no_path(kind: type, _value: Any) -> Any:
    raise msgspec.ValidationError(f"a fixture names no {kind.__name__}; files stand beside the outbound value")


def _pairs(folder: Path) -> list[Path]:
    found = {suffix: {path.stem for path in folder.glob(f"*{suffix}")} for suffix in (".http", ".json")}
    alone = found[".http"] ^ found[".json"]
    if alone:
        raise FixtureError(f"{folder}: neither .http nor .json stands alone: {', '.join(sorted(alone))}")
    return [folder / stem for stem in sorted(found[".http"])]


def _json(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_octets(path), type=kind)
    except msgspec.DecodeError as error:
        raise FixtureError(f"{path}: {error}") from error


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise FixtureError(f"{path}: {error.strerror}") from error
    if len(content) > MOST_OCTETS:
        raise FixtureError(f"{path}: larger than {MOST_OCTETS} octets")
    return content


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    blank = re.search(rb"\r?\n\r?\n", raw)
    return (raw[: blank.start()], blank[0], raw[blank.end() :]) if blank else (raw, b"", b"")


def _written(request: WireRequest) -> bytes:
    head = [
        f"{request.method} {request.path} {_PROTOCOLS.get(request.method, 'HTTP/1.1')}",
        *(f"{name}: {value}" for name, value in request.headers.items()),
    ]
    return "\n".join(head).encode() + b"\n\n" + request.body + b"\n"
