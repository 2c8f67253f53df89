"""`session`: who a client is; and where a visitor signs in, one history of what they wrote before and after."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec.structs import asdict

from connectors.kit.chat import Caller
from gateway.api.problems import Problem, overloaded
from gateway.api.queries import Rows, snapshot
from gateway.hub import Hub
from gateway.people.joining import Joining, join
from gateway.receive import COME_AGAIN, tell_put_off
from gateway.web.chat.asking import Asked
from gateway.web.chat.audience import Audience
from gateway.web.chat.frames import Begun
from gateway.web.chat.languages import Languages, spoken
from gateway.web.chat.saying import malformed
from gateway.web.chat.sessions import begun
from gateway.web.chat.view import has_left, own_addresses

T = TypeVar("T")
MOST_OCTETS = 16 << 10
NOT_SIGNED_IN = "not_signed_in"
NOT_A_VISITOR = "not_a_visitor"


class Wish(msgspec.Struct, frozen=True):
    visitor: str | None = None
    """The token of the visitor that the signed-in user was."""
    locale: str | None = None
    """BCP 47; in which language the client speaks to the user."""


_wish = msgspec.json.Decoder(Wish)


class SigningIn:
    def __init__(self, hub: Hub, audience: Audience) -> None:
        self._hub = hub
        self._audience = audience

    async def begin(self, asked: Asked, token: str | None, body: bytes, browser: Languages) -> Begun:
        """The session of a token; whoever it is, they have it, also where no visitor is joined to them. Raises
        Problem."""
        wish = _read(body)
        caller = None if token is None else asked.caller(token)
        session = begun(self._hub, asked, token, spoken(caller, wish.locale, browser))
        if wish.visitor is None:
            joined, reason = await self._left(asked, caller), None
        else:
            reason = await self._join(asked, caller, wish.visitor)
            joined = reason is None
        return Begun(**asdict(session), joined=joined, reason=reason)

    async def _left(self, asked: Asked, caller: Caller | None) -> bool | None:
        """True of a visitor who is a signed-in user by now; None where there is nothing to say."""
        if caller is None or caller.visitor is None:
            return None
        return await self._look(lambda rows: has_left(rows, asked.connector.place, caller)) or None

    async def _join(self, asked: Asked, caller: Caller | None, token: str) -> str | None:
        """Makes the visitor the user's, for good; why not, where they are not. Raises Problem (429, 503)."""
        if caller is None or caller.visitor is not None:
            return NOT_SIGNED_IN
        asked.admit_frame(caller)
        try:
            visitor = asked.caller(token)
        except Problem as problem:
            return problem.code
        if visitor.visitor is None:
            return NOT_A_VISITOR
        place = asked.connector.place
        if visitor.address in await self._look(lambda rows: own_addresses(rows, place, caller)):
            return None
        try:
            refused = await self._hub.writer.write(join, Joining(place, visitor.peer, caller.peer))
        except COME_AGAIN as error:
            tell_put_off(asked.connector, error)
            raise overloaded("the hub has too much to write; nothing was stored") from error
        return None if refused is None else str(refused)

    async def _look(self, ask: Callable[[Rows], T]) -> T:
        def look() -> T:
            with snapshot(self._hub.engine) as rows:
                return ask(rows)

        return await self._audience.in_thread(look)


def _read(body: bytes) -> Wish:
    """Raises Problem (400)."""
    if not body.strip():
        return Wish()
    try:
        return _wish.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(str(error)) from error
