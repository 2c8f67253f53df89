"""Tokens for a service account: its own word, signed, against one of Google's for an hour.

Source: developers.google.com/identity/protocols/oauth2/service-account#httprest (read 2026-11).
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import jwt

from connectors.channels.googleplay_reviews.config import Config
from connectors.channels.googleplay_reviews.event import TOKEN
from connectors.channels.googleplay_reviews.refusals import refusal
from connectors.kit.base import Tools
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""Whom our word is for, wherever the token is asked for."""
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIVES: Final = 3600
"""Seconds of our own word, the longest there is."""
EARLY: Final = timedelta(minutes=2)
"""So long before it ends a token is had anew."""


class Tokens:
    def __init__(self, config: Config, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._token = ""
        self._until: datetime | None = None

    async def current(self) -> str:
        """Raises Temporary, Misconfigured."""
        now = self._tools.now()
        if self._until is None or now >= self._until:
            self._token, self._until = await self._anew(now)
        return self._token

    def forget(self) -> None:
        """It was refused: the next is had anew."""
        self._until = None

    async def _anew(self, now: datetime) -> tuple[str, datetime]:
        answer = await self._tools.http.request(
            "POST",
            self._config.tokens_at,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": GRANT, "assertion": assertion(self._config, now)}).encode(),
            seconds=self._config.send_seconds,
            reads=True,
        )
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self._config.rate_pause, reads=True)
        try:
            made = decode(answer.body, TOKEN)
        except BadPayload:
            raise Temporary("an answer that holds no token", code=ErrorCode.PROVIDER_DOWN) from None
        return made.access_token, now + timedelta(seconds=made.expires_in) - EARLY


def assertion(config: Config, now: datetime) -> str:
    """The account's own word. Raises Misconfigured."""
    account = config.account()
    at = int(now.timestamp())
    claims = {"iss": account.client_email, "scope": SCOPE, "aud": AUDIENCE, "iat": at, "exp": at + LIVES}
    headers = {"kid": account.private_key_id} if account.private_key_id else None
    try:
        return jwt.encode(claims, account.private_key, "RS256", headers)
    except (ValueError, TypeError, jwt.PyJWTError):
        pass
    # Raised outside the handler, so that no traceback shows what the key is.
    raise Misconfigured("service_account_key holds no key for RS256", code=ErrorCode.AUTH_FAILED)
