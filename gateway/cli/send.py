"""`onethread send`: a message out, handed in through the store; the hub that serves it sends it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, plain_values, show
from gateway.cli.stores import conversation_id, opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine

    from gateway.live import LiveConnector
    from gateway.send.asks import Accepted
    from gateway.send.preview import Preview
    from gateway.settings import Settings
    from normalizer.commands import SendMessage
    from normalizer.model import Delivery
    from normalizer.parts import Part

LOOK_EVERY = 0.05
"""Seconds. Another process writes, and SQLite calls nobody."""


def send(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the message says.")],
    to: Annotated[str | None, typer.Option(metavar="CONNECTOR:ADDRESS", help="To an address.")] = None,
    conversation: Annotated[str | None, typer.Option(metavar="ID|#NUMBER", help="Into a conversation.")] = None,
    contact: Annotated[str | None, typer.Option(metavar="ID", help="To a contact, on the best channel.")] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="By a template the provider approved.")] = None,
    language: Annotated[str, typer.Option(metavar="CODE", help="Of the template, as the provider writes it.")] = "",
    value: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="For its next place; give it for each.")
    ] = None,
    wait: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Wait for the provider's answer.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what each route would carry; send nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send a message. With --wait, exit code 1 says that it failed, or is not known to have arrived in time. With
    --template, TEXT is how it reads in the history."""
    from msgspec.structs import replace

    settings = load_settings(config)
    command = replace(_command(text, to, conversation, contact), parts=_parts(template, language, value or []))
    connectors = _connectors(settings)
    with opened(settings) as engine:
        if conversation is not None:
            command = replace(command, conversation_id=conversation_id(engine, conversation))
        if dry_run:
            _preview(settings, engine, connectors, command, as_json=as_json)
            return
        accepted = _hand_in(engine, connectors, command)
        delivery = accepted.delivery
        if delivery and wait is not None:
            delivery = _follow(engine, delivery, wait)
    _tell(accepted, delivery, as_json=as_json)
    if delivery and wait is not None:
        _judge(delivery, wait)


def _command(text: str, to: str | None, conversation: str | None, contact: str | None) -> "SendMessage":
    from normalizer.commands import Recipient, SendMessage

    if sum(target is not None for target in (to, conversation, contact)) != 1:
        raise Failure("say to whom with one of --to, --conversation and --contact", Exit.USAGE)
    connector, colon, address = (to or "").partition(":")
    if to is not None and not (connector and colon and address):
        raise Failure("--to takes the connector's name, a colon and the address", Exit.USAGE)
    _check_utf8(text, "the text is not UTF-8")
    recipient = Recipient(connector=connector, address=address) if to is not None else None
    return SendMessage(conversation_id=conversation, contact_id=contact, to=recipient, text=text)


def _parts(name: str | None, language: str, values: "Sequence[str]") -> "tuple[Part, ...]":
    from normalizer.parts import TemplatePart

    if name is None and (language or values):
        raise Failure("--language and --value belong to a --template", Exit.USAGE)
    _check_utf8("".join((name or "", language, *values)), "the template is not UTF-8")
    return (TemplatePart(name=name, language=language, body=tuple(values)),) if name is not None else ()


def _check_utf8(text: str, otherwise: str) -> None:
    """Raises Failure."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Failure(otherwise, Exit.USAGE) from error


def _connectors(settings: "Settings") -> "Mapping[str, LiveConnector]":
    from gateway.live import bring_up

    return {name: bring_up(settings, one, keep=lambda _: None) for name, one in settings.connectors.items()}


def _preview(
    settings: "Settings",
    engine: "Engine",
    connectors: "Mapping[str, LiveConnector]",
    command: "SendMessage",
    *,
    as_json: bool,
) -> None:
    from gateway.links import Links
    from gateway.send.preview import preview

    found = preview(engine, connectors, Links(engine, settings.public_url).link, command)
    if not found:
        raise Failure("no configured connector has a route there")
    show(found, as_json=as_json, plain="\n".join(line for one in found for line in _previewed(one)))


def _previewed(one: "Preview") -> Iterator[str]:
    yield f"{one.connector} ({one.channel}), {len(one.payloads)} request{'' if len(one.payloads) == 1 else 's'}"
    for payload in one.payloads:
        named = f"[template {payload.template.name}] " if payload.template is not None else ""
        yield f"  {one_line(named + payload.text, 200)}"
    for loss in one.losses:
        yield f"  lost: {loss.what} became {loss.became}"


def _hand_in(engine: "Engine", connectors: "Mapping[str, LiveConnector]", command: "SendMessage") -> "Accepted":
    """Raises Failure where the hub would refuse it."""
    from gateway.send.accept import accept
    from gateway.send.asks import Ask, Rejected
    from gateway.store.writer import Writer
    from normalizer.model import Author, AuthorKind

    author = Author(kind=AuthorKind.AGENT, name="operator")
    writer = Writer(engine)
    writer.start()
    try:
        answer = writer.submit(accept, Ask("operator", author, command, connectors)).result()
    finally:
        writer.stop()
    if isinstance(answer, Rejected):
        raise Failure(f"not sent: {answer.detail} ({answer.code})")
    return answer


def _follow(engine: "Engine", delivery: "Delivery", seconds: float) -> "Delivery":
    """The delivery as it stands once the provider answered, or when the time is over."""
    import time

    from gateway.send.standing import SELECT, Parcel
    from normalizer.status import OPEN

    until = time.monotonic() + seconds
    while delivery.status in OPEN and time.monotonic() < until:
        time.sleep(min(LOOK_EVERY, max(0.0, until - time.monotonic())))
        with engine.connect() as connection:
            row = connection.exec_driver_sql(f"{SELECT} WHERE id = ?", (delivery.id,)).one()
        delivery = Parcel(*row).model()
    return delivery


def _tell(accepted: "Accepted", delivery: "Delivery | None", *, as_json: bool) -> None:
    message = accepted.message
    value = {"message": plain_values(message), "delivery": plain_values(delivery)}
    lines = [f"message {message.id}"]
    if delivery:
        lines.append(f"delivery {delivery.id}: {delivery.status}, {delivery.why}")
    show(value, as_json=as_json, plain="\n".join(lines))


def _judge(delivery: "Delivery", seconds: float) -> None:
    """Raises Failure unless the provider has taken the message."""
    from gateway.telling import stands
    from normalizer.status import OPEN, Status

    if delivery.status in OPEN:
        raise Failure(f"after {seconds:g} s still {one_line(stands(delivery), 300)}; is the hub running?")
    if delivery.status not in (Status.ACCEPTED, Status.DELIVERED, Status.READ):
        raise Failure(one_line(stands(delivery), 300))
