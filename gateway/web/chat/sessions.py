"""Sessions: who a client is, and what it is told when it comes."""

import secrets
from datetime import datetime

from msgspec.structs import asdict

from connectors.kit.chat import Caller, Pass
from gateway.api.problems import Code, Problem
from gateway.arrival import Place
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.service.now import service_now
from gateway.store.times import now
from gateway.web.chat.asking import Asked
from gateway.web.chat.client import Client
from gateway.web.chat.frames import Limits, Push, Service, Session, Welcome
from gateway.web.chat.languages import Languages
from normalizer.service import noticed


def begun(hub: Hub, asked: Asked, token: str | None, languages: Languages) -> Session:
    """The session of a token; of a new visitor without one. Raises Problem (401, 403)."""
    if token is not None:
        return session(hub, asked, asked.caller(token), languages)
    made = asked.plugin.visitor(f"{new_id()}{secrets.token_hex(8)}", now())
    if made is None:
        raise Problem(403, Code.FORBIDDEN, "only who is signed in may chat here")
    return _session(hub, asked, asked.caller(made.token), made, languages)


def welcome(hub: Hub, asked: Asked, client: Client) -> Welcome:
    """What a client hears first; news of the service are those after it."""
    found = session(hub, asked, client.caller, client.languages)
    client.news = found.service.news
    return Welcome(**asdict(found))


def session(hub: Hub, asked: Asked, caller: Caller, languages: Languages) -> Session:
    """A visitor's token comes anew where it has lived half its life."""
    made = None if caller.visitor is None else asked.plugin.visitor(caller.visitor, now())
    grown_old = made is not None and caller.expires_at < made.renew_at
    return _session(hub, asked, caller, made if grown_old else None, languages)


def service(hub: Hub, place: Place, at: datetime, languages: Languages) -> Service:
    found = service_now(hub.settings, place.inbox.id, place.channel, at)
    expected = None if found.expected_at is None else max(0, round((found.expected_at - at).total_seconds()))
    return Service(
        open=found.open,
        until=found.until if found.open else found.next_opening,
        expected=expected,
        notice=noticed(hub.settings.inboxes[place.inbox.id], at, languages),
    )


def _session(hub: Hub, asked: Asked, caller: Caller, made: Pass | None, languages: Languages) -> Session:
    doorway = asked.doorway
    return Session(
        kind="user" if caller.visitor is None else "visitor",
        id=caller.address,
        token=made.token if made else None,
        expires_at=made.expires_at if made else caller.expires_at,
        service=service(hub, asked.connector.place, now(), languages),
        limits=Limits(
            text=doorway.text,
            frame=doorway.frame_octets,
            file=doorway.file_octets,
            files=doorway.files,
            types=doorway.types,
        ),
        emergency=doorway.emergency,
        push=_push(hub, asked.connector.id),
    )


def _push(hub: Hub, chat: str) -> Push | None:
    """How pages of the chat's users are notified: by the first connector that does so, in the order of names."""
    for name in sorted(hub.connectors):
        connector = hub.connectors[name]
        if connector.subscribing is not None and connector.subscribing.users == chat:
            return Push(connector.webhook_url, connector.subscribing.key)
    return None
