"""What an account allowed in a browser (PKCE), and tokens that are replaced about once a day.

A refresh token is good for one use, within three months. Source: zalo-sdk 0.3.0; hexasync.vn on tokens of official
accounts (read 2026-11).
"""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from connectors.channels.zalo.config import Config
from connectors.channels.zalo.refusals import LONGEST, RATE
from connectors.kit.base import Asked, Tools
from connectors.kit.errors import BadPayload, KitError, Misconfigured, Refused, Temporary
from connectors.kit.grant import Grant, Tokens, lapsed, lasting
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")]


class Given(msgspec.Struct, frozen=True):
    access_token: Token
    refresh_token: Token
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=86_400 * 366)] = 3600


class Denied(msgspec.Struct, frozen=True):
    error: int = 0
    error_name: str = ""
    error_description: str = ""
    message: str = ""


GIVEN: Final = msgspec.json.Decoder(Given, strict=False)
DENIED: Final = msgspec.json.Decoder(Denied, strict=False)


class OAuth:
    """Tokens of one account, by its app's secret key."""

    def __init__(self, config: Config, tools: Tools, secret_key: Secret) -> None:
        self._config, self._tools = config, tools
        self._secret_key = secret_key
        self._base = f"{config.oauth_base.rstrip('/')}/v4/oa"
        self.grant = Grant(tools, self._renewed, config.send_seconds)

    def __repr__(self) -> str:
        return "OAuth(***)"

    def refused(self, access: str, why: KitError) -> KitError:
        """What it means that Zalo does not take an access token."""
        if self.grant.refuse(access):
            return Temporary(f"the access token is not taken, another is got: {why.detail}", code=why.code)
        return lapsed(self._tools.connector, f"Zalo takes no access token that it gave: {why.detail}")

    def asked(self) -> Asked:
        """What the account is to allow."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "app_id": self._config.app_id,
            "redirect_uri": self._config.redirect_url,
            "code_challenge": challenge,
            "state": state,
        }
        remembered = {"state": Secret(state), "verifier": Secret(verifier)}
        return Asked(f"{self._base}/permission?{urlencode(query)}", self._config.redirect_url, remembered)

    async def allowed(self, asked: Asked, landed: str) -> Tokens:
        """The first tokens, not kept yet. Raises Refused, Temporary, Misconfigured."""
        verifier = asked.remembered["verifier"].reveal()
        return await self._ask("authorization_code", code=_code(asked, landed), code_verifier=verifier)

    async def _renewed(self, tokens: Tokens) -> Tokens:
        return await self._ask("refresh_token", refresh_token=tokens.refresh)

    async def _ask(self, kind: str, **told: str) -> Tokens:
        """Raises Temporary, Misconfigured."""
        now = self._tools.now()
        answer = await self._tools.http.request(
            "POST",
            f"{self._base}/access_token",
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "secret_key": self._secret_key.reveal(),
            },
            body=urlencode({"app_id": self._config.app_id, "grant_type": kind, **told}).encode(),
            seconds=self._config.send_seconds,
            reads=True,  # whatever becomes of it, no message left
        )
        if answer.status != HTTPStatus.OK:
            error = by_status(answer, self._config.rate_pause, Temporary)
            raise error if isinstance(error, Temporary) else self._denied(error.detail)
        return self._read(answer.body, now)

    def _read(self, body: bytes, now: datetime) -> Tokens:
        try:
            denied = decode(body, DENIED)
            if denied.error == 0:
                given = decode(body, GIVEN)
                return lasting(given.access_token, given.refresh_token, now, given.expires_in)
        except BadPayload as error:
            raise Temporary(f"tokens that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        said = (denied.error_description or denied.error_name or denied.message)[:LONGEST] or f"error {denied.error}"
        if denied.error == RATE:
            raise Temporary(said, retry_after=self._config.rate_pause, code=ErrorCode.RATE_LIMITED)
        raise self._denied(said)

    def _denied(self, said: str) -> Misconfigured:
        """Zalo's numbers for it are not known: whatever it says, the app's settings are wrong or the token used up."""
        return lapsed(self._tools.connector, f"Zalo gives no access token (app_id, app_secret_key): {said}")


def _code(asked: Asked, landed: str) -> str:
    """Raises Refused."""
    try:
        told = dict(parse_qsl(urlsplit(landed).query, max_num_fields=20))
    except ValueError:
        told = {}
    if not asked.remembered["state"].matches(told.get("state")):
        raise Refused("this is not the address that follows the one to open: begin again")
    if not told.get("code"):
        raise Refused(f"Zalo says that it was not allowed: {told.get('error', 'no code')[:80]}")
    return told["code"]
