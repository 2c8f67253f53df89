"""The access token: fetched when it is first wanted, kept in this process for as long as it counts, never stored.

`stable_token` gives every process the same one while it counts, so several may hold it without taking it from each
other. Source: developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html (read 2026-11).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.refusals import STALE, refusal, told
from connectors.families.access import Access
from connectors.kit.errors import Temporary
from connectors.kit.http import Http
from normalizer.errors import ErrorCode

PATH: Final = "/cgi-bin/stable_token"
EARLY: Final = 300
"""Seconds before its end at which another token is fetched: both count for that long."""
SHORTEST: Final = 30


def access(http: Http, config: Config, now: Callable[[], datetime]) -> Access:
    async def fetched() -> tuple[str, datetime]:
        return await fetch(http, config, now)

    return Access(fetched, now)


async def fetch(http: Http, config: Config, now: Callable[[], datetime]) -> tuple[str, datetime]:
    """A token, and until when it is used. Raises Temporary, Misconfigured, Refused."""
    asked = {
        "grant_type": "client_credential",
        "appid": config.app_id,
        "secret": config.app_secret.reveal(),
        "force_refresh": False,
    }
    answer = await http.request(
        "POST",
        f"{config.api_base.rstrip('/')}{PATH}",
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(asked),
        seconds=config.send_seconds,
        reads=True,
    )
    found = told(answer, config, reads=True)
    if found.errcode in STALE:
        raise refusal(found, config)
    if not found.access_token:
        raise Temporary("an answer that holds no token", code=ErrorCode.PROVIDER_DOWN)
    lasts = max(found.expires_in - EARLY, SHORTEST)
    return found.access_token, now() + timedelta(seconds=min(lasts, 86_400))
