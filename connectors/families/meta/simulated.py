"""What Meta's simulators share: signed webhooks, the handshake, errors in Graph's form, and the forgeries tried."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from connectors.families.meta.signature import HEADER, sign
from connectors.kit.fixtures import WireRequest
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Reply

MUTATORS: Final[Mapping[str, Callable[[Request], Request]]] = {
    "signature dropped": mutate.header_dropped(HEADER),
    "signature emptied": mutate.header_emptied(HEADER),
    "signature changed": lambda request: mutate.header_flipped(HEADER)(_unnamed(request)),
    "signature cut": mutate.header_cut(HEADER),
    "body changed": mutate.body_flipped,
    "body extended": mutate.body_extended,
    "verify_token changed": mutate.query_field_changed("hub.verify_token"),
    "mode changed": mutate.query_field_changed("hub.mode"),
}


def genuine(config: Mapping[str, Any], hub_url: str, payload: bytes) -> WireRequest:
    headers = {"content-type": "application/json", HEADER: sign(Secret(config["app_secret"]), payload)}
    return WireRequest("POST", urlsplit(hub_url).path or "/", headers, payload)


def handshake(config: Mapping[str, Any], hub_url: str, challenge: str = "1158201444") -> WireRequest:
    """What Meta asks before it calls an address."""
    told = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": config["verify_token"]}
    return WireRequest("GET", f"{urlsplit(hub_url).path or '/'}?{urlencode(told)}", {}, b"")


def failed(status: int, code: int, message: str, subcode: int | None = None, details: str | None = None) -> Reply:
    told: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC"}
    told |= {"error_subcode": subcode} if subcode is not None else {}
    told |= {"error_data": {"details": details}} if details else {}
    return Reply.json({"error": told}, status)


def may(request: WireRequest, config: Mapping[str, Any]) -> bool:
    """Whether a request shows the connector's token."""
    return request.headers.get("authorization") == f"Bearer {config['access_token']}"


def path_of(request: WireRequest, config: Mapping[str, Any]) -> str | None:
    """The path within the configured version; None for any other."""
    path = urlsplit(request.path).path
    begin = f"/{config.get('version', 'v25.0')}/"
    return path.removeprefix(begin) if path.startswith(begin) else None


def query_of(request: WireRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.path).query))


def body_of(request: WireRequest) -> dict[str, Any]:
    told = msgspec.json.decode(request.body) if request.body else {}
    return told if isinstance(told, dict) else {}


def _unnamed(request: Request) -> Request:
    """With the name of the algorithm left out, so that the signature itself is what changes."""
    headers = {
        name: value.removeprefix("sha256=") if name == HEADER else value for name, value in request.headers.items()
    }
    return Request(request.method, request.url, headers, request.body, request.received_at, request.raw)
