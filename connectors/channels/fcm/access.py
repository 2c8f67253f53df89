"""Access tokens of the service account: asked for once an hour, by an assertion it signs (RFC 7523).

Source: developers.google.com/identity/protocols/oauth2/service-account (read 2026-11).
"""

import asyncio
from datetime import timedelta
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from connectors.channels.fcm.config import Config, read_account
from connectors.families.app.patience import waiting
from connectors.kit.base import Tools
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR: Final = 3600
SPARE: Final = timedelta(minutes=5)
"""A token is replaced so long before it lapses."""


class Granted(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=8192, pattern=r"^[!-~]+$")]
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = HOUR


class Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


class Token(NamedTuple):
    text: str
    fresh: bool
    """It was made for this very request."""


GRANTED: Final = msgspec.json.Decoder(Granted)
REFUSAL: Final = msgspec.json.Decoder(Refusal)


class Access:
    def __init__(self, config: Config, tools: Tools) -> None:
        self._config, self._tools = config, tools
        self._token, self._ends = "", tools.now()
        self._asking = asyncio.Lock()

    async def token(self) -> Token:
        """One that is good. Raises Misconfigured, Temporary."""
        async with self._asking:
            if self._token and self._tools.now() < self._ends:
                return Token(self._token, fresh=False)
            granted = await self._ask()
            self._token = granted.access_token
            self._ends = self._tools.now() + timedelta(seconds=granted.expires_in) - SPARE
            return Token(self._token, fresh=True)

    def forget(self, token: str) -> None:
        """It was refused; another is asked for with the next request."""
        if token == self._token:
            self._token = ""

    async def _ask(self) -> Granted:
        answer = await self._tools.http.request(
            "POST",
            self._config.tokens_from,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": GRANT, "assertion": self._assertion()}).encode(),
            seconds=self._config.send_seconds,
            reads=True,
        )
        if answer.status != 200:
            raise _refused(answer, self._config.rate_pause)
        try:
            return decode(answer.body, GRANTED)
        except BadPayload as error:
            raise Temporary(f"an access token that cannot be read: {error.detail}") from None

    def _assertion(self) -> str:
        account, now = read_account(self._config.service_account), int(self._tools.now().timestamp())
        claims: dict[str, object] = {"iss": account.client_email, "scope": SCOPE, "aud": account.token_uri}
        return account.assertion({**claims, "iat": now, "exp": now + HOUR})


def _refused(answer: Answer, pause: float) -> Misconfigured | Temporary:
    number = str(answer.status)
    if answer.status == 429:
        wait = waiting(answer, pause)
        return Temporary("too many tokens", retry_after=wait, code=ErrorCode.RATE_LIMITED, provider_code=number)
    if not 400 <= answer.status < 500:
        return Temporary(f"no access token: HTTP status {number}", provider_code=number)
    try:
        told = decode(answer.body, REFUSAL)
    except BadPayload:
        told = Refusal()
    words = told.error_description or told.error or f"HTTP status {number}"
    code = told.error[:100] or number
    return Misconfigured(f"no access token: {words[:200]}", code=ErrorCode.AUTH_FAILED, provider_code=code)
