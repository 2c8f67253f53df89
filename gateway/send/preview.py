"""What each route would receive, without sending."""

from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy import Engine

from gateway.live import LiveConnector
from gateway.people.joining import LED_ON
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.send.drafts import attachment_ids_of
from normalizer.commands import SendMessage
from normalizer.model import Loss, Visibility
from normalizer.payload import Payload
from normalizer.render import render

_STANDING = f"NOT EXISTS ({LED_ON.format('r')})"
"""Not of a visitor who signed in: what is sent there leaves on the user's route."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How one connector would carry the message. `route_id` where a route to the recipient stands."""

    connector: str
    channel: str
    route_id: str | None
    payloads: tuple[Payload, ...]
    losses: tuple[Loss, ...]


def preview(
    engine: Engine, connectors: Mapping[str, LiveConnector], link: Callable[[str], str], command: SendMessage
) -> list[Preview]:
    """A preview per route of the conversation or contact; per connector, where the command names neither."""
    ways = _ways(engine, command)
    wanted: list[tuple[LiveConnector, Way | None]]
    if command.conversation_id or command.contact_id:
        wanted = [(connectors[way.connector_id], way) for way in ways if way.connector_id in connectors]
    elif command.to:
        wanted = [(connectors[command.to.connector], None)] if command.to.connector in connectors else []
    else:
        wanted = [(connector, None) for connector in connectors.values()]
    return [_preview(connector, way, command, link) for connector, way in wanted]


def _ways(engine: Engine, command: SendMessage) -> list[Way]:
    where = {
        "i.contact_id = ?": command.contact_id,
        "r.conversation_id = ?": command.conversation_id,
    }
    with engine.connect() as connection:
        return [
            way_of(tuple(row))
            for clause, id_ in where.items()
            if id_
            for row in connection.exec_driver_sql(f"{SELECT_WAY} WHERE {clause} AND {_STANDING}", (id_,))
        ]


def _preview(connector: LiveConnector, way: Way | None, command: SendMessage, link: Callable[[str], str]) -> Preview:
    capability = connector.plugin.info.on(way.visibility if way is not None else Visibility.PRIVATE)
    links = {id_: link(id_) for id_ in attachment_ids_of(command.parts)}
    rendered = render(command.text, command.parts, command.actions, capability, command.reply_to is not None, links)
    return Preview(
        connector=connector.id,
        channel=connector.place.channel,
        route_id=way.id if way is not None else None,
        payloads=rendered.payloads,
        losses=rendered.losses,
    )
