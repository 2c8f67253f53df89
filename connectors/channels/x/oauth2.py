"""OAuth 2.0 as the account: what it allowed in a browser (PKCE), and tokens that are replaced every two hours.

A refresh token is good for one use. Source: docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code and
/user-access-token (read 2026-11).
"""

import secrets
from base64 import b64encode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from connectors.channels.x.config import Config
from connectors.channels.x.refusals import LONGEST, refusal
from connectors.kit.base import Asked, Tools
from connectors.kit.errors import BadPayload, KitError, Misconfigured, Refused, Temporary
from connectors.kit.grant import Grant, Tokens, lapsed, lasting
from connectors.kit.http import Answer
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

ALLOWING: Final = "https://x.com/i/oauth2/authorize"
SCOPES: Final = "tweet.read users.read dm.read dm.write media.write offline.access"
LIFE: Final = 7200
"""Seconds that an access token is good for, where X does not say."""
USED_UP: Final = frozenset({"invalid_grant", "invalid_request"})
"""How X words a refresh token or code that it takes no longer; requests are always made alike."""
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")]


class Given(msgspec.Struct, frozen=True):
    access_token: Token
    refresh_token: Token | None = None
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=86_400 * 366)] = LIFE


class Denied(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


GIVEN: Final = msgspec.json.Decoder(Given)
DENIED: Final = msgspec.json.Decoder(Denied)


class OAuth2:
    """Tokens of one account's own app."""

    def __init__(self, config: Config, tools: Tools, client_id: str) -> None:
        self._config, self._tools = config, tools
        self._client_id = client_id
        self.grant = Grant(tools, self._renewed, config.send_seconds)

    def __repr__(self) -> str:
        return "OAuth2(***)"

    async def header(self, _method: str, _url: str) -> str:
        return bearer(await self.grant.access())

    def refused(self, header: str, why: KitError) -> KitError:
        """What X's 401 means for a request with this header."""
        if self.grant.refuse(header.removeprefix("Bearer ")):
            return Temporary(f"the access token is not taken, another is got: {why.detail}", code=why.code)
        return why

    def asked(self) -> Asked:
        """What the account is to allow."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._config.redirect_url,
            "scope": SCOPES,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        remembered = {"state": Secret(state), "verifier": Secret(verifier)}
        return Asked(f"{ALLOWING}?{urlencode(query, quote_via=quote)}", self._config.redirect_url, remembered)

    async def allowed(self, asked: Asked, landed: str) -> Tokens:
        """The first tokens, not kept yet. Raises Refused, Temporary, Misconfigured."""
        body = {
            "grant_type": "authorization_code",
            "code": _code(asked, landed),
            "redirect_uri": self._config.redirect_url,
            "code_verifier": asked.remembered["verifier"].reveal(),
        }
        given, now = await self._ask(body)
        if given.refresh_token is None:
            raise Misconfigured("X gave no token to renew it with: the app must be allowed offline.access")
        return lasting(given.access_token, given.refresh_token, now, given.expires_in)

    async def _renewed(self, tokens: Tokens) -> Tokens:
        given, now = await self._ask({"grant_type": "refresh_token", "refresh_token": tokens.refresh})
        return lasting(given.access_token, given.refresh_token or tokens.refresh, now, given.expires_in)

    async def _ask(self, body: dict[str, str]) -> tuple[Given, datetime]:
        """Raises Temporary, Misconfigured."""
        now, secret = self._tools.now(), self._config.client_secret
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if secret is None:
            body = {**body, "client_id": self._client_id}
        else:
            shown = f"{quote(self._client_id)}:{quote(secret.reveal())}".encode()
            headers["authorization"] = f"Basic {b64encode(shown).decode()}"
        answer = await self._tools.http.request(
            "POST",
            f"{self._config.api_base.rstrip('/')}/2/oauth2/token",
            headers=headers,
            body=urlencode(body).encode(),
            seconds=self._config.send_seconds,
            reads=True,  # whatever becomes of it, no message left
        )
        if answer.status != HTTPStatus.OK:
            raise self._refusal(answer)
        try:
            return decode(answer.body, GIVEN), now
        except BadPayload as error:
            raise Temporary(f"tokens that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None

    def _refusal(self, answer: Answer) -> KitError:
        try:
            denied = decode(answer.body, DENIED)
        except BadPayload:
            denied = Denied()
        if answer.status == HTTPStatus.BAD_REQUEST and denied.error in USED_UP:
            said = (denied.error_description or denied.error)[:LONGEST]
            return lapsed(self._tools.connector, f"X does not take what renews the access: {said}")
        error = refusal(answer, self._tools.now(), self._config.rate_pause, reads=True)
        if isinstance(error, Temporary):
            return error
        said = (denied.error_description or denied.error or error.detail)[:LONGEST]
        detail = f"client_id, client_secret: X gives no token for them: {said}"
        return Misconfigured(detail, code=ErrorCode.AUTH_FAILED, provider_code=error.provider_code)


def bearer(access: str) -> str:
    return f"Bearer {access}"


def _code(asked: Asked, landed: str) -> str:
    """Raises Refused."""
    try:
        told = dict(parse_qsl(urlsplit(landed).query, max_num_fields=20))
    except ValueError:
        told = {}
    if not asked.remembered["state"].matches(told.get("state")):
        raise Refused("this is not the address that follows the one to open: begin again")
    if not told.get("code"):
        raise Refused(f"X says that it was not allowed: {told.get('error', 'no code')[:80]}")
    return told["code"]
