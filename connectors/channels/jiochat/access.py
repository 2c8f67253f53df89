"""The access token: fetched when it is first wanted, kept in this process for as long as it counts, never stored.

Source: github.com/nyaruka/courier, handlers/jiochat/jiochat.go (JSON, `expires_in`); github.com/rapidpro/rapidpro,
temba/channels/types/jiochat/client.py (the same fields as a form) (read 2026-11).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from connectors.channels.jiochat.config import Config
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.http import Http
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

PATH: Final = "/auth/token.action"
USUAL: Final = 7200
"""Seconds a token counts where its answer does not say."""
LONGEST: Final = 86_400
EARLY: Final = 60
"""Seconds before its end at which another token is fetched."""
SHORTEST: Final = 30


class Given(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern=r"\A[\x21-\x7e]+\Z")]
    expires_in: int = USUAL

    def __repr__(self) -> str:
        return "Given(***)"


GIVEN: Final = msgspec.json.Decoder(Given)


class Access:
    def __init__(self, http: Http, config: Config, now: Callable[[], datetime]) -> None:
        self._http = http
        self._config = config
        self._now = now
        self._held: tuple[str, datetime] | None = None
        self._one_at_a_time = asyncio.Lock()

    def __repr__(self) -> str:
        return "Access(***)"

    async def token(self) -> str:
        """Raises Temporary, Misconfigured, Refused."""
        async with self._one_at_a_time:
            if self._held is None or self._held[1] <= self._now():
                self._held = await self._fetched()
            return self._held[0]

    def forget(self, token: str) -> None:
        """It does not count any longer. Another one, which somebody fetched meanwhile, stays."""
        if self._held is not None and self._held[0] == token:
            self._held = None

    async def _fetched(self) -> tuple[str, datetime]:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._config.app_id,
            "client_secret": self._config.app_secret.reveal(),
        }
        answer = await self._http.request(
            "POST",
            f"{self._config.api_base.rstrip('/')}{PATH}",
            headers={"content-type": "application/json", "accept": "application/json"},
            body=msgspec.json.encode(asked),
            seconds=self._config.send_seconds,
            reads=True,
        )
        if not 200 <= answer.status < 300:
            raise by_status(answer, self._config.rate_pause, Temporary)
        try:
            found = decode(answer.body, GIVEN)
        except BadPayload:
            raise Temporary("an answer that holds no token", code=ErrorCode.PROVIDER_DOWN) from None
        lasts = min(max(found.expires_in or USUAL, SHORTEST + EARLY), LONGEST) - EARLY
        return found.access_token, self._now() + timedelta(seconds=lasts)
