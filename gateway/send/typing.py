"""`typing.set`: shown at once or not at all; nothing of it is stored."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from connectors.kit.base import Types
from gateway.live import LiveConnector
from gateway.people.joining import LED_ON
from gateway.record.people import SELECT_WAY, way_of
from gateway.send.asks import Refusal
from normalizer.commands import SetTyping
from normalizer.errors import ErrorCode
from normalizer.inbound import Address

_TO = (
    f"{SELECT_WAY} WHERE r.conversation_id = ?1 AND NOT EXISTS ({LED_ON.format('r')}) AND (?2 IS NULL OR r.id = ?2"
    f" OR r.identity_id = (SELECT ({LED_ON.format('n')}) FROM routes n WHERE n.id = ?2))"
)
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
    if connector is None or not isinstance(plugin, Types):
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{way.channel} cannot show that somebody is writing")
    await plugin.typing(Address(scheme=connector.place.scheme, value=way.address), way.thread or None)
