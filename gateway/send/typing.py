"""`typing.set`: shown at once or not at all; nothing of it is stored."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from connectors.kit.base import Types, TypesUnder
from gateway.live import LiveConnector
from gateway.people.joining import LED_ON
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.send.asks import Refusal
from gateway.send.came import came
from gateway.store.histories import both
from normalizer.commands import SetTyping
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.model import Visibility

_TO = (
    f"{SELECT_WAY} WHERE r.conversation_id = ?1 AND NOT EXISTS ({LED_ON.format('r')}) AND (?2 IS NULL OR r.id = ?2"
    f" OR r.identity_id = (SELECT ({LED_ON.format('n')}) FROM routes n WHERE n.id = ?2))"
)
_CAME = both(
    "SELECT h.sequence, e.body FROM {history} h CROSS JOIN events e ON e.position = h.position"
    " WHERE h.conversation = (SELECT number FROM conversations WHERE id = ?1) AND e.type = 'message.received'"
)
NEWEST = 10
"""Messages among which the last of a route is looked for."""
_NEWEST_FIRST = "ORDER BY r.last_inbound_at IS NULL, r.last_inbound_at DESC"


async def show_typing(engine: Engine, connectors: Mapping[str, LiveConnector], asked: SetTyping) -> None:
    """Shows the customer on their last route, or the named one, that somebody is writing.

    Raises Refusal where nobody could be shown, and the kit's sending errors.
    """
    sql = f"{_TO} {_NEWEST_FIRST} LIMIT 1"
    with engine.connect() as connection:
        row = connection.exec_driver_sql(sql, (asked.conversation_id, asked.route_id)).first()
    if row is None:
        raise Refusal(404, "not_found", f"no such route leads out of conversation {asked.conversation_id}")
    way = way_of(tuple(row))
    connector = connectors.get(way.connector_id)
    plugin: Any = connector.plugin if connector else None
    address = Address(scheme=connector.place.scheme if connector else "", value=way.address)
    if connector is not None and isinstance(plugin, TypesUnder):
        if name := _last_of(engine, asked.conversation_id, way.id):
            await plugin.typing_under(address, name)
        return
    if connector is None or not isinstance(plugin, Types) or _hidden(connector, way):
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{way.channel} cannot show that somebody is writing")
    await plugin.typing(address, way.thread or None)


def _hidden(connector: LiveConnector, way: Way) -> bool:
    """Whether it shows on private routes only."""
    public = connector.plugin.info.public
    return way.visibility == Visibility.PUBLIC and public is not None and not public.typing


def _last_of(engine: Engine, conversation_id: str, route_id: str) -> str | None:
    """What the provider calls the last message that came by a route, if it is one of the conversation's newest."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"{_CAME} ORDER BY 1 DESC LIMIT {NEWEST}", (conversation_id,)).all()
    messages = (came(body) for _, body in found)
    return next((one.external_ids[0] for one in messages if one.route_id == route_id and one.external_ids), None)
