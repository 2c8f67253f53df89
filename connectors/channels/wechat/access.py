"""The access token: fetched when it is first wanted, kept in this process for as long as it counts, never stored.

`stable_token` gives every process the same one while it counts, so several may hold it without taking it from each
other. Source: developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html (read 2026-11).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.refusals import STALE, refusal, told
from connectors.kit.errors import Temporary
from connectors.kit.http import Http
from normalizer.errors import ErrorCode

PATH: Final = "/cgi-bin/stable_token"
EARLY: Final = 300
"""Seconds before its end at which another token is fetched: both count for that long."""
SHORTEST: Final = 30


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
            "grant_type": "client_credential",
            "appid": self._config.app_id,
            "secret": self._config.app_secret.reveal(),
            "force_refresh": False,
        }
        answer = await self._http.request(
            "POST",
            f"{self._config.api_base.rstrip('/')}{PATH}",
            headers={"content-type": "application/json"},
            body=msgspec.json.encode(asked),
            seconds=self._config.send_seconds,
            reads=True,
        )
        found = told(answer, self._config, reads=True)
        if found.errcode in STALE:
            raise refusal(found, self._config)
        if not found.access_token:
            raise Temporary("an answer that holds no token", code=ErrorCode.PROVIDER_DOWN)
        lasts = max(found.expires_in - EARLY, SHORTEST)
        return found.access_token, self._now() + timedelta(seconds=min(lasts, 86_400))
