"""Who called. JioChat signs its question whether the address is ours, and nothing else: a secret in the path proves the
rest, below which JioChat appends `/rcv/msg/message`, `/rcv/event/menu` and `/rcv/event/follow`.

Source: github.com/nyaruka/courier, handlers/jiochat/jiochat.go; github.com/rapidpro/rapidpro,
temba/channels/types/jiochat/type.py (read 2026-11).
"""

from dataclasses import replace

from connectors.channels.jiochat.config import Config
from connectors.families.handshake import fields, signature
from connectors.kit.errors import BadSignature
from connectors.kit.redact import STARS
from connectors.kit.request import Request
from connectors.kit.secret import Secret


def verify(request: Request, config: Config, address: str) -> None:
    """`address` is the connector's own, without the secret. Raises BadSignature."""
    before, secret, _ = _split(request.url, address)
    if before != address or not config.path_secret.matches(secret):
        raise BadSignature("not called by the secret in the path", missing=not secret)
    if request.method != "GET":
        return
    asked = fields(request)
    word = (config.token or config.app_secret).reveal()
    wanted = Secret(signature(word, asked.get("timestamp", ""), asked.get("nonce", "")))
    if not wanted.matches(asked.get("signature")):
        raise BadSignature("the question is not signed with the channel's secret", missing="signature" not in asked)


def without_secret(request: Request, address: str) -> Request:
    """With stars in the place of what stands behind the connector's address."""
    before, secret, after = _split(request.url, address)
    return replace(request, url=f"{before}/{STARS}{after}") if secret else request


def _split(url: str, address: str) -> tuple[str, str, str]:
    """What stands before the secret, the secret, and what stands behind it, with the query."""
    before, rest = url[: len(address)], url[len(address) :]
    path, mark, query = rest.partition("?")
    secret, slash, more = path.removeprefix("/").partition("/")
    return before, secret if path.startswith("/") else "", f"{slash}{more}{mark}{query}"
