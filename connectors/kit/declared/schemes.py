"""How a provider shows that a request is its own, by the names that declarations use."""

import base64
import hmac
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from connectors.kit.declared import language
from connectors.kit.declared.by_address import ByAddress
from connectors.kit.declared.checks import Scheme, Value, check_time, equal
from connectors.kit.declared.pieces import HEADER, piece
from connectors.kit.declared.signed_fields import BySignedFields
from connectors.kit.declared.standard_webhooks import ByStandardWebhooks
from connectors.kit.errors import BadSignature
from connectors.kit.request import MAX_FIELDS, Request

HIDDEN: Final = re.compile(r"[\w.-]{0,40}secret", re.ASCII | re.IGNORECASE)
"""Names whose values the hub does not keep with a request."""
JWT_ALGORITHM: Final = "HS256"
LASTS: Final = 60
"""Seconds that a simulated token holds."""
SIMULATED_KEY: Final = Ed25519PrivateKey.from_private_bytes(sha256(b"a provider that is simulated").digest())
"""Known to everybody: of simulators only."""
SIMULATED_PUBLIC_KEY: Final = base64.b64encode(SIMULATED_KEY.public_key().public_bytes_raw()).decode()


class ByBasicAuth(Scheme):
    header: ClassVar[str] = "authorization"

    def __init__(self, declared: language.BasicAuth) -> None:
        self._declared = declared
        self.settings = (declared.user, declared.password)

    def check(self, request: Request, value: Value) -> None:
        _same(request.headers.get(self.header), self._credentials(value), "the user and the password")

    def presented(self, request: Request, value: Value) -> Request:
        return with_header(request, self.header, self._credentials(value))

    def _credentials(self, value: Value) -> str:
        return basic(value(self._declared.user), value(self._declared.password))


class BySecretField(Scheme):
    def __init__(self, declared: language.SecretField) -> None:
        if (declared.query is None) == (declared.header is None):
            raise ValueError("a secret stands either in `query` or in `header`")
        if not HIDDEN.fullmatch(declared.query or declared.header or ""):
            raise ValueError("the field or header of a secret has a name that ends in `secret`, so that it is not kept")
        self._declared = declared
        self.settings = (declared.setting,)

    def check(self, request: Request, value: Value) -> None:
        given = self._given(request)
        _same(given[0] if len(given) == 1 else None, value(self._declared.setting), "the secret")

    def presented(self, request: Request, value: Value) -> Request:
        secret = value(self._declared.setting)
        if self._declared.header is not None:
            return with_header(request, self._declared.header, secret)
        return with_query(request, {str(self._declared.query): secret})

    def _given(self, request: Request) -> list[str]:
        if self._declared.header is not None:
            told = request.headers.get(self._declared.header.lower())
            return [] if told is None else [told]
        # Beside it there may be octets of another encoding than UTF-8.
        query = urlsplit(request.url).query
        try:
            fields = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace")
        except ValueError:
            return []
        return [text for name, text in fields if name == self._declared.query]


class ByHmac(Scheme):
    def __init__(self, declared: language.Hmac) -> None:
        signed = {name.lower() for name in declared.signed}
        for header in filter(None, (declared.nonce, declared.timestamp)):
            _must_be_signed(header, signed)
        self._declared = declared
        self._pieces = [piece(name) for name in declared.signed]
        self.settings = (declared.key,)

    def check(self, request: Request, value: Value) -> None:
        names = filter(None, (self._declared.header, self._declared.or_header))
        told = next((request.headers[name.lower()] for name in names if name.lower() in request.headers), None)
        ours = self._signature(request, value)
        given = [each.strip() for each in (told or "").split(",")] if self._declared.several else [told]
        fits = [equal(each, ours) for each in given]  # all are compared, whichever fits
        if not any(fits):
            raise BadSignature("not signed with this key, or for another address", missing=told is None)
        if self._declared.nonce is not None and not request.headers.get(self._declared.nonce.lower()):
            raise BadSignature(f"no {self._declared.nonce}")
        if self._declared.timestamp is not None:
            check_time(_header(request, self._declared.timestamp), request, self._declared.tolerance)

    def presented(self, request: Request, value: Value) -> Request:
        if self._declared.nonce is not None:
            told = sha256(request.body + request.url.encode()).hexdigest()[:20]
            request = with_header(request, self._declared.nonce, told)
        if self._declared.timestamp is not None:
            request = with_header(request, self._declared.timestamp, str(int(request.received_at.timestamp())))
        return with_header(request, self._declared.header, self._signature(request, value))

    def _signature(self, request: Request, value: Value) -> str:
        signed = b"".join(each(request) for each in self._pieces)
        digest = hmac.new(value(self._declared.key).encode(), signed, self._declared.algorithm).digest()
        text = digest.hex() if self._declared.encoding == "hex" else base64.b64encode(digest).decode()
        return f"{self._declared.prefix}{text}"


class ByEd25519(Scheme):
    public: ClassVar[bool] = True

    def __init__(self, declared: language.Ed25519) -> None:
        _must_be_signed(declared.timestamp, {name.lower() for name in declared.signed})
        self._declared = declared
        self._pieces = [piece(name) for name in declared.signed]
        self.settings = (declared.key,)

    def check_settings(self, value: Value) -> None:
        try:
            self._key(value)
        except ValueError:
            raise ValueError(f"{self._declared.key}: no public key, which is 32 octets in base64") from None

    def check(self, request: Request, value: Value) -> None:
        told = request.headers.get(self._declared.header.lower())
        if told is None:
            raise BadSignature(f"no {self._declared.header}", missing=True)
        key = self._key(value)
        try:
            key.verify(base64.b64decode(told, validate=True), self._signed(request))
        except (InvalidSignature, ValueError):
            raise BadSignature("not signed by the provider's key") from None
        check_time(_header(request, self._declared.timestamp), request, self._declared.tolerance)

    def presented(self, request: Request, value: Value) -> Request:  # noqa: ARG002 - it has a key of its own
        request = with_header(request, self._declared.timestamp, str(int(request.received_at.timestamp())))
        signature = SIMULATED_KEY.sign(self._signed(request))
        return with_header(request, self._declared.header, base64.b64encode(signature).decode())

    def _signed(self, request: Request) -> bytes:
        return b"".join(each(request) for each in self._pieces)

    def _key(self, value: Value) -> Ed25519PublicKey:
        """Raises ValueError."""
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(value(self._declared.key), validate=True))


class ByJwt(Scheme):
    def __init__(self, declared: language.Jwt) -> None:
        self._declared = declared
        self._pieces = {claim: piece(name) for claim, name in declared.claims.items()}
        self.settings = (declared.key,)

    def check(self, request: Request, value: Value) -> None:
        told = request.headers.get(self._declared.header.lower())
        if not told:
            raise BadSignature(f"no {self._declared.header}", missing=told is None)
        claims = self._claims(told, value(self._declared.key))
        if self._declared.issuer is not None and claims.get("iss") != self._declared.issuer:
            raise BadSignature("not of the issuer")
        self._check_time(claims, request.received_at)
        for claim, hashed in self._pieces.items():
            given, ours = claims.get(claim, ""), hashed(request).decode()
            if not equal(given if isinstance(given, str) else None, ours):
                raise BadSignature(f"the claim {claim} is about another request")

    def presented(self, request: Request, value: Value) -> Request:
        now = int(request.received_at.timestamp())
        hashes = {claim: hashed(request).decode() for claim, hashed in self._pieces.items()}
        told = {claim: text for claim, text in hashes.items() if text}
        issuer = {"iss": self._declared.issuer} if self._declared.issuer is not None else {}
        times = {"nbf": now, "exp": now + LASTS}
        token = jwt.encode({**issuer, **times, **told}, value(self._declared.key), JWT_ALGORITHM)
        return with_header(request, self._declared.header, token)

    def _claims(self, token: str, key: str) -> dict[str, Any]:
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[JWT_ALGORITHM], options=options)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadSignature("not a token signed with this key") from None
        return claims

    def _check_time(self, claims: Mapping[str, Any], at: datetime) -> None:
        begins, ends = claims.get("nbf"), claims.get("exp")
        if not isinstance(begins, int) or not isinstance(ends, int):
            raise BadSignature("a token without nbf and exp")
        now = at.astimezone(UTC).timestamp()
        if not begins - self._declared.tolerance <= now < ends + self._declared.tolerance:
            raise BadSignature("a token that holds no longer, or not yet")


SCHEMES: Final[Mapping[type[language.Scheme], Callable[[Any], Scheme]]] = {
    language.BasicAuth: ByBasicAuth,
    language.SecretField: BySecretField,
    language.ListedAddress: ByAddress,
    language.Hmac: ByHmac,
    language.SignedFields: BySignedFields,
    language.Jwt: ByJwt,
    language.Ed25519: ByEd25519,
    language.StandardWebhooks: ByStandardWebhooks,
}


def scheme(declared: language.Scheme) -> Scheme:
    """Raises ValueError where the declaration cannot work."""
    return SCHEMES[type(declared)](declared)


def basic(user: str, password: str) -> str:
    """The Authorization header of RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def with_header(request: Request, name: str, text: str) -> Request:
    return replace(request, headers={**request.headers, name.lower(): text})


def with_query(request: Request, fields: Mapping[str, str]) -> Request:
    url = urlsplit(request.url)
    query = "&".join(filter(None, (url.query, urlencode(fields, quote_via=quote))))
    return replace(request, url=urlunsplit(url._replace(query=query)))


def _must_be_signed(header: str, signed: Collection[str]) -> None:
    if f"{HEADER}{header.lower()}" not in signed:
        raise ValueError(f"{HEADER}{header} is not among what is signed")


def _header(request: Request, name: str) -> str:
    return request.headers.get(name.lower(), "")


def _same(given: str | None, ours: str, what: str) -> None:
    if not equal(given, ours):
        raise BadSignature(f"not {what} of this connector", missing=given is None)
