"""`onethread deliveries`: what is to be sent and what became of it; and settling what is uncertain."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, plain_values, show, table
from gateway.cli.stores import opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.settings import Settings
    from normalizer.model import Delivery

WIDE = 60
app = typer.Typer(help="Deliveries of messages.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_some(
    status: Annotated[
        str | None, typer.Option(help="Only of this status: queued, uncertain, failed and so on.")
    ] = None,
    connector: Annotated[str | None, typer.Option(help="Only of this connector.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List the newest deliveries, newest first. Times are UTC."""
    settings = load_settings(config)
    _check_status(status)
    with opened(settings) as engine:
        found = _deliveries(engine, status, connector, limit)
    head = ("DELIVERY", "CONNECTOR", "STATUS", "SINCE", "MESSAGE")
    rows = [
        (one["delivery"]["id"], one["connector"], one["stands"], one["updated_at"][:19], one_line(one["text"], WIDE))
        for one in found
    ]
    show(found, as_json=as_json, plain=table(head, rows))


@app.command()
def settle(
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="Of an uncertain delivery.")],
    outcome: Annotated[
        str, typer.Argument(metavar="OUTCOME", help="delivered, accepted or failed; or retry, to send it once more.")
    ],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Settle an uncertain delivery by what was found at the provider. With retry it may arrive twice."""
    settings = load_settings(config)
    with opened(settings) as engine:
        delivery = _judged(settings, engine, delivery_id, outcome)
    show(plain_values(delivery), as_json=as_json, plain=f"delivery {delivery.id}: {delivery.status}, {delivery.why}")


def _check_status(status: str | None) -> None:
    from normalizer.status import Status

    known = [one.value for one in Status]
    if status is not None and status not in known:
        raise Failure(f'there is no status "{one_line(status)}": choose {", ".join(known)}', Exit.USAGE)


def _deliveries(engine: "Engine", status: str | None, connector: str | None, limit: int) -> list[dict[str, Any]]:
    from gateway.send.standing import SELECT, Parcel
    from gateway.store.times import from_us
    from gateway.telling import stands
    from normalizer.codec import decoder
    from normalizer.model import Message

    message = decoder(Message)
    of_status = f"status = '{status}'" if status else "TRUE"  # a literal, for the index of what is uncertain
    sql = f"{SELECT} WHERE {of_status} AND connector_id = coalesce(?, connector_id) ORDER BY id DESC LIMIT ?"
    found = []
    with engine.connect() as connection:
        for row in connection.exec_driver_sql(sql, (connector, limit)):
            parcel = Parcel(*row)
            text = "SELECT body FROM messages WHERE id = ?"
            (body,) = connection.exec_driver_sql(text, (parcel.message_id,)).one()
            found.append(
                {
                    "delivery": plain_values(parcel.model()),
                    "connector": parcel.connector_id,
                    "stands": one_line(stands(parcel.model()), WIDE),
                    "updated_at": from_us(parcel.updated_at).isoformat(),
                    "text": message.decode(body).text,
                }
            )
    return found


def _judged(settings: "Settings", engine: "Engine", delivery_id: str, outcome: str) -> "Delivery":
    """Raises Failure where it cannot be settled."""
    from gateway.live import bring_up
    from gateway.send.asks import Rejected
    from gateway.send.verdict import Outcome, Verdict, judge
    from gateway.store.writer import Writer

    known = [one.value for one in Outcome]
    if outcome not in known:
        raise Failure(f'there is no outcome "{one_line(outcome)}": choose {", ".join(known)}', Exit.USAGE)
    places = {name: bring_up(settings, one, keep=lambda _: None).place for name, one in settings.connectors.items()}
    writer = Writer(engine)
    writer.start()
    try:
        settled = writer.submit(judge, Verdict(delivery_id, Outcome(outcome), "operator", places)).result()
    finally:
        writer.stop()
    if isinstance(settled, Rejected):
        raise Failure(f"not settled: {settled.detail}")
    return settled
