"""`onethread subscriptions`: who gets events, how far each is, and what waits. Reads and changes the store directly; a
running hub notices within a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, plain_values, show, table
from gateway.cli.stores import opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.relay.changing import Change
    from gateway.relay.looking import ParkedInfo, SubscriptionInfo
    from gateway.settings import Settings

app = typer.Typer(help="Who gets events, and how far each is.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The subscription's name.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="A type or pattern; may be repeated. None: all.")]


@app.command("list")
def list_all(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the subscriptions: where to, in what state, how many events behind, how many conversations parked."""
    from gateway.relay.looking import infos

    with _store(config) as (settings, engine):
        found = infos(engine, settings)
    head = ("NAME", "ORIGIN", "STATE", "BEHIND", "SECONDS", "PARKED", "TO")
    rows = [
        (one.name, one.origin, one.state, one.lag.events, round(one.lag.seconds), one.waiting.parked, _target(one))
        for one in found
    ]
    show(found, as_json=as_json, plain=table(head, rows))


@app.command("show")
def show_one(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show what a subscription is, how it stands, and its replays."""
    from gateway.relay.looking import replays

    with _store(config) as (settings, engine):
        found, again = _known(engine, settings, name), replays(engine, name)
    values = plain_values(found)
    lines = [f"{key}: {_plain(value)}" for key, value in values.items() if value not in (None, [], False)]
    lines += [f"replay {one.id}: {one.state}, {one.position} of {one.after} to {one.until}" for one in again]
    show({**values, "replays": plain_values(again)}, as_json=as_json, plain="\n".join(lines))


@app.command()
def create(
    name: Name,
    queue: Annotated[bool, typer.Option("--queue", help="To the queue onethread.q.NAME on the bus.")] = False,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="To this address, signed.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="ONETHREAD_WEBHOOK_SECRET", help="whsec_…; one is made where there is none.")
    ] = None,
    types: Types = None,
    connector: Annotated[list[str] | None, typer.Option(help="Only of it; may be repeated.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only of it; may be repeated.")] = None,
    inbox: Annotated[list[str] | None, typer.Option(help="Only of it; may be repeated.")] = None,
    commands: Annotated[bool, typer.Option("--commands", help="It may put commands on onethread.cmd.NAME.")] = False,
    start: Annotated[str, typer.Option(metavar="newest|oldest", help="Where it begins.")] = "newest",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Make a subscription that is kept in the store. A secret that was made is shown this once."""
    from gateway.relay.changing import Made
    from gateway.relay.defining import Misdefined, made
    from gateway.settings.loading import NAME, NAMING

    if not NAME.fullmatch(name):
        raise Failure(NAMING, Exit.USAGE)
    if start not in ("newest", "oldest"):
        raise Failure("--start takes newest or oldest", Exit.USAGE)
    values: dict[str, Any] = {
        "queue": queue,
        "webhook": webhook,
        "secret": secret if webhook else None,
        "types": tuple(types or ()),
        "connectors": tuple(connector or ()),
        "channels": tuple(channel or ()),
        "inboxes": tuple(inbox or ()),
        "commands": commands,
        "start": start,
    }
    with _store(config) as (settings, engine):
        if name in settings.subscriptions:
            raise Failure(f"{settings.path} provides {name} already", Exit.USAGE)
        try:
            entry, told = made(values, settings)
        except Misdefined as error:
            raise Failure(str(error), Exit.USAGE) from error
        _change(engine, Made(name, entry, trusted=True, seal=settings.seal))
        found = _known(engine, settings, name)
    plain = "\n".join(filter(None, [f"{name}: {_target(found)}", f"secret: {told}" if told else ""]))
    show({"subscription": plain_values(found), "secret": told}, as_json=as_json, plain=plain)


@app.command()
def pause(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Send nothing until it is resumed; events wait."""
    _state(name, "paused", config, as_json=as_json)


@app.command()
def resume(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Go on with one that was paused, parked or disabled, where it was."""
    _state(name, "active", config, as_json=as_json)


@app.command()
def delete(name: Name, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """End a subscription that is kept in the store; its queue goes with it."""
    from gateway.relay.changing import Removed

    with _store(config) as (settings, engine):
        if name in settings.subscriptions:
            raise Failure(f"{settings.path} provides {name}: take it out there first", Exit.USAGE)
        _change(engine, Removed(name))
    show({"name": name, "deleted": True}, as_json=as_json, plain=f"{name} deleted")


@app.command()
def replay(
    name: Name,
    after: Annotated[int, typer.Option(metavar="POSITION", min=0, help="Begin after it.")],
    until: Annotated[
        int | None, typer.Option(metavar="POSITION", min=0, help="The last; otherwise the newest now.")
    ] = None,
    types: Types = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send a range again to one subscriber, marked as replayed; its position stays. The running hub does it."""
    from gateway.feed import UnknownType
    from gateway.relay.catalogue import joined, reading
    from gateway.relay.changing import Replay
    from gateway.relay.looking import replay as look
    from gateway.relay.replaying import narrowed

    with _store(config) as (settings, engine):
        with reading(engine) as found:
            newest, row = found.newest(), found.one(name)
        known = joined(settings, [row] if row else []).get(name)
        if known is None:
            raise Failure(f"there is no subscription {name}", Exit.USAGE)
        last = newest if until is None else until
        if not after <= last <= newest:
            raise Failure(f"positions go from --after to --until, and the newest is {newest}", Exit.USAGE)
        try:
            if narrowed(known.filter, types or ()) is None:
                raise Failure(f"{name} gets no events of these types", Exit.USAGE)
        except UnknownType as error:
            raise Failure(str(error), Exit.USAGE) from error
        made = look(engine, name, str(_change(engine, Replay(name, after, last, tuple(types or ())))))
    show(plain_values(made), as_json=as_json, plain=f"{name}: replay of {after} to {last} asked for")


@app.command()
def parked(
    name: Name,
    resume: Annotated[bool, typer.Option("--resume", help="Try them again now.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Give up the first event of --partition.")] = False,
    partition: Annotated[str | None, typer.Option(metavar="ID", help="Only this conversation.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List conversations whose next event was not taken, parked or not; try them again, or skip an event."""
    from gateway.relay.changing import Retried, Skipped

    if (resume and skip) or (skip and partition is None):
        raise Failure("--resume or --skip, and --skip with a --partition", Exit.USAGE)
    with _store(config) as (settings, engine):
        _known(engine, settings, name)
        if resume:
            count = _change(engine, Retried(name, partition))
            show({"resumed": count}, as_json=as_json, plain=f"{name}: {count} tried again")
            return
        found = [one for one in _waiting(engine, name) if partition in (None, one.partition)]
        if skip:
            first = next(iter(found), None)
            if first is None:
                raise Failure(f"nothing waits under {partition}")
            _change(engine, Skipped(name, first.partition, int(first.position)))
            show(plain_values(first), as_json=as_json, plain=f"{name}: position {first.position} skipped")
            return
    head = ("PARTITION", "STATE", "POSITION", "TYPE", "ATTEMPTS", "BEHIND", "SINCE", "ERROR")
    rows = [
        (
            one.partition,
            one.state,
            one.position,
            one.type,
            one.attempts,
            one.behind,
            f"{one.since:%Y-%m-%d %H:%M:%S}",
            one_line(one.error or ""),
        )
        for one in found
    ]
    show(found, as_json=as_json, plain=table(head, rows))


MOST = 1000
"""Conversations of one answer of `parked`."""


def _waiting(engine: "Engine", name: str) -> "list[ParkedInfo]":
    from gateway.relay.looking import parked as look

    return look(engine, name, -1, MOST)


@contextmanager
def _store(config: Path) -> "Iterator[tuple[Settings, Engine]]":
    settings = load_settings(config)
    with opened(settings) as engine:
        yield settings, engine


def _known(engine: "Engine", settings: "Settings", name: str) -> "SubscriptionInfo":
    """Raises Failure."""
    from gateway.relay.looking import info

    found = info(engine, settings, name)
    if found is None:
        raise Failure(f"there is no subscription {name}", Exit.USAGE)
    return found


def _state(name: str, state: str, config: Path, *, as_json: bool) -> None:
    from gateway.relay.changing import Stated
    from gateway.relay.subscription import State

    with _store(config) as (_, engine):
        _change(engine, Stated(name, State(state)))
    show({"name": name, "state": state}, as_json=as_json, plain=f"{name} {state}")


def _change(engine: "Engine", wanted: "Change") -> object:
    """What it brings, once it is durable. Raises Failure."""
    from gateway.relay.changing import Unchanged, change
    from gateway.store.writer import Writer

    writer = Writer(engine)
    writer.start()
    try:
        result = writer.submit(change, wanted).result()
    finally:
        writer.stop()
    if isinstance(result, Unchanged):
        raise Failure(str(result))
    return result


def _target(one: "SubscriptionInfo") -> str:
    return one.webhook or one.queue or one.exchange or "-"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else one_line(str(value), 500)
