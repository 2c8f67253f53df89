"""The access token: fetched when it is first wanted, kept in this process for as long as it counts, never stored.

Source: github.com/nyaruka/courier, handlers/jiochat/jiochat.go (JSON, `expires_in`); github.com/rapidpro/rapidpro,
temba/channels/types/jiochat/client.py (the same fields as a form) (read 2026-11).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from connectors.channels.jiochat.config import Config
from connectors.families.access import Access
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


def access(http: Http, config: Config, now: Callable[[], datetime]) -> Access:
    async def fetched() -> tuple[str, datetime]:
        return await fetch(http, config, now)

    return Access(fetched, now)


async def fetch(http: Http, config: Config, now: Callable[[], datetime]) -> tuple[str, datetime]:
    """A token, and until when it is used. Raises Temporary, Misconfigured, Refused."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": config.app_id,
        "client_secret": config.app_secret.reveal(),
    }
    answer = await http.request(
        "POST",
        f"{config.api_base.rstrip('/')}{PATH}",
        headers={"content-type": "application/json", "accept": "application/json"},
        body=msgspec.json.encode(asked),
        seconds=config.send_seconds,
        reads=True,
    )
    if not 200 <= answer.status < 300:
        raise by_status(answer, config.rate_pause, Temporary)
    try:
        found = decode(answer.body, GIVEN)
    except BadPayload:
        raise Temporary("an answer that holds no token", code=ErrorCode.PROVIDER_DOWN) from None
    lasts = min(max(found.expires_in or USUAL, SHORTEST + EARLY), LONGEST) - EARLY
    return found.access_token, now() + timedelta(seconds=lasts)
