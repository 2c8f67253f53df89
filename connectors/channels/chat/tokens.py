"""Tokens: of the app's own server for who is signed in (`connectors.families.app.tokens`), of the hub for
visitors.

A visitor's token says so in its header (`typ`) and is checked with the connector's own secret alone.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
import msgspec

from connectors.channels.chat.config import Config
from connectors.families.app.tokens import SCHEME, USER, Claims, bearer, checked, genuine, proven, read, refused
from connectors.kit.chat import Caller, Pass
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request, decode
from normalizer.codec import encode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Proof

VISITOR: Final = "visitor:"
VISITOR_TYPE: Final = "visitor+jwt"
VISITOR_ALGORITHM: Final = "HS256"
LIFE: Final = timedelta(days=400)
"""Of a visitor's token; browsers keep nothing longer either."""
CALLER: Final = "caller"
"""The header in which the hub's door says whose frame it is."""
DOOR: Final = "chat://"
"""How URLs begin of what came through it: there the hub has looked what a frame may name."""


class Holder(msgspec.Struct, frozen=True):
    """A genuine token."""

    claims: Claims
    visitor: bool


_holder = msgspec.json.Decoder(Holder)


def holder(config: Config, connector: str, request: Request) -> Holder:
    """Whose token the request carries. Raises BadSignature."""
    if not request.url.startswith(DOOR):
        raise BadSignature("frames come in by the chat's own door", reason="bad_token")
    claims, visitor = _genuine(config, connector, bearer(request))
    return Holder(read(claims, request), visitor)


def verify(config: Config, connector: str, request: Request) -> None:
    """Raises BadSignature unless the frame came by the hub's door, from who shows the token."""
    if encode(holder(config, connector, request)).decode() != request.headers.get(CALLER):
        raise BadSignature("the token is not of whom the frame is said to be", reason="bad_token")


def sender(request: Request) -> Holder:
    """Whose frame it is, as the hub's door said. Raises BadPayload."""
    return decode(request.headers.get(CALLER, "").encode(errors="replace"), _holder)


def caller(config: Config, connector: str, request: Request) -> Caller:
    """Who shows the request's token. Raises BadSignature."""
    found = holder(config, connector, request)
    claims = found.claims
    return Caller(
        peer=peer(found),
        visitor=claims.sub if found.visitor else None,
        expires_at=datetime.fromtimestamp(min(claims.exp, _FOREVER), UTC),
        told=encode(found).decode(),
    )


def peer(found: Holder) -> Peer:
    claims = found.claims
    if found.visitor:
        return Peer(person=Person(address=Address(scheme=SCHEME, value=VISITOR + claims.sub)))
    address = Address(scheme=SCHEME, value=USER + claims.sub)
    return Peer(
        person=Person(address=address, name=claims.name or None, locale=claims.locale or None),
        proof=Proof.VERIFIED,
        claims=proven(claims),
        contact_ref=claims.sub,
    )


def visitor_pass(config: Config, connector: str, id_: str, at: datetime) -> Pass | None:
    """A new token for a visitor; None where there are no visitors."""
    if config.secret is None:
        return None
    expires_at = at + LIFE
    claims = {"sub": id_, "aud": connector, "exp": int(expires_at.timestamp())}
    token = jwt.encode(claims, config.secret.reveal(), algorithm=VISITOR_ALGORITHM, headers={"typ": VISITOR_TYPE})
    return Pass(token, expires_at.replace(microsecond=0), expires_at - LIFE / 2)


def _genuine(config: Config, connector: str, token: str) -> tuple[dict[str, Any], bool]:
    """The claims of a token whose signature, audience and issuer are right. Raises BadSignature."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") == VISITOR_TYPE:
            key = None if config.secret is None else config.secret.reveal()
            return checked(token, key, VISITOR_ALGORITHM, connector, None), True
        return genuine(config, token, header), False
    except jwt.PyJWTError as error:
        raise refused(error) from error


_FOREVER: Final = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""What may stand for a token that never expires, as a date can be written."""
