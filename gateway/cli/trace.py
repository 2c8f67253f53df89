"""`onethread trace`: the story of a message, from the provider's request to the last subscriber."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line, show, visible
from gateway.cli.stores import opened

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.trace.story import (
        Chapter,
        Event,
        Exchanged,
        Filed,
        Held,
        Item,
        Quarantined,
        RawRequest,
        Sending,
        Story,
        Subscriber,
    )

WIDE = 160
MOST_RUNS = 20
"""Of positions, on one line."""


def trace(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ID|ADDRESS",
            help="Any id: of a message, delivery, conversation (#12 too), contact, route, request, attachment, event,"
            " command, trace (a traceparent too) or quarantined item; a provider's id or a dedupe key; an"
            " Idempotency-Key or client_ref; a phone number, e-mail address, handle or chat id.",
        ),
    ],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Tell the whole story of anything that has a name. Times are UTC."""
    if not what.strip():
        raise Failure("say what to trace: an id, #12, an address", Exit.USAGE)
    settings = load_settings(config)
    with opened(settings) as engine:
        from gateway.trace import MOST_SEARCHED
        from gateway.trace import trace as story_of
        from gateway.tracing import trace_named

        story = story_of(engine, what, settings)
    if story is None:
        among = f"; of a trace the newest {MOST_SEARCHED} events were searched" if trace_named(what.strip()) else ""
        raise Failure(f"nothing here goes by {one_line(what)}{among}")
    show(story, as_json=as_json, plain="\n".join(map(visible, _lines(story))))


def _lines(story: "Story") -> Iterator[str]:
    for clue in story.clues:
        yield f"{story.asked} is {clue.kind} {clue.name}"
    for person in story.people:
        known = ", ".join(f"{one.scheme} {one.value} ({one.proof})" for one in person.identities)
        yield f"contact {person.contact.id}: {person.contact.name or 'without name'}, {known}"
    for route in story.routes:
        blocked = ", blocked" if route.blocked else ""
        yield f"route {route.id}: {route.channel} {route.address} on {route.connector_id}{blocked}"
    for one in story.conversations:
        yield f"conversation {one.id}: #{one.number}, {one.state}, {one.priority}, inbox {one.inbox_id}"
    if story.older:
        yield f"the newest {len(story.chapters)} messages:"
    for chapter in story.chapters:
        yield ""
        yield from _chapter(chapter)
    if story.events or story.raws or story.items or story.quarantine:
        yield ""
        yield from _indented(map(_event, story.events), 0)
        for raw in story.raws:
            yield from _raw(raw)
        yield from map(_item, story.items)
        yield from map(_quarantined, story.quarantine)
    for subscriber in story.subscribers:
        yield ""
        yield from _subscriber(subscriber)
    if story.notes:
        yield ""
        yield from (f"note: {note}" for note in story.notes)


def _chapter(chapter: "Chapter") -> Iterator[str]:
    from gateway.telling import said

    for raw in chapter.raws:
        yield from _raw(raw)
    yield from map(_item, chapter.items)
    message = chapter.message
    yield f"{_at(message.recorded_at)} message {message.id} ({message.direction})  {one_line(said(message), WIDE)}"
    traces = dict.fromkeys(event.trace for event in chapter.events if event.trace)
    yield from _indented(f"trace {trace}" for trace in traces)
    yield from _indented(map(_event, chapter.events))
    for sending in chapter.deliveries:
        yield from _indented(_sending(sending))
    for filed in chapter.attachments:
        yield from _indented(_filed(filed))


def _raw(raw: "RawRequest") -> Iterator[str]:
    yield f"{_at(raw.received_at)} request {raw.id} to {raw.connector}: {raw.method} {raw.url}".rstrip()
    yield from _indented(f"{name}: {value}" for name, value in raw.headers.items())
    yield f"  {one_line(raw.body, WIDE)}"


def _item(item: "Item") -> str:
    return f"{_at(item.recorded_at)} item {item.key} of {item.connector}, from request {item.raw_id}"


def _event(event: "Event") -> str:
    sequence = "" if event.sequence is None else f"/{event.sequence}"
    return f"{_at(event.time)} event {event.position}{sequence} {event.type}  {one_line(event.says)}"


def _sending(sending: "Sending") -> Iterator[str]:
    from gateway.telling import stands

    delivery = sending.delivery
    yield f"{_at(sending.created_at)} delivery {delivery.id} through {sending.connector}: {stands(delivery)}"
    yield f"  because: {delivery.why}"
    if sending.asked_to_wait:
        yield f"  the provider asked to wait {sending.asked_to_wait} times"
    for loss in delivery.losses:
        yield f"  lost: {loss.what} became {loss.became}"
    for payload in delivery.payloads:
        yield f"  request {payload.n}: {payload.status} {payload.provider_id or ''}".rstrip()
    yield from _indented(_exchanged(sending.exchanges))


def _filed(filed: "Filed") -> Iterator[str]:
    file = filed.attachment
    size = f", {file.size} octets" if file.size is not None else ""
    error = f": {file.error}" if file.error else ""
    yield f"attachment {file.id}: {file.name or file.media_type}{size}, {file.state}{error}"
    yield from _indented(_exchanged(filed.exchanges))


def _exchanged(exchanges: "Iterable[Exchanged]") -> Iterator[str]:
    for one in exchanges:
        outcome = f"{one.status}" if one.error is None else f"{one.status or ''} {one.error}".strip()
        yield f"{_at(one.at)} {one.method} {one.url}: {outcome} in {one.milliseconds:.0f} ms"
        for mark, body in ((">", one.request_body), ("<", one.response_body)):
            if body:
                yield f"  {mark} {one_line(body, WIDE)}"


def _quarantined(one: "Quarantined") -> str:
    return f"{_at(one.created_at)} quarantined {one.id} ({one.state}) {one.key} of {one.connector}: {one.reason}"


def _subscriber(one: "Subscriber") -> Iterator[str]:
    """Only what there is; events go by their positions."""
    why = one.reason or one.problem
    because = f": {one_line(why, WIDE)}" if why else ""
    yield f"subscriber {one.name} ({one.target}, {one.state}){because}"
    yield from _indented(map(_held, one.held))
    stand = {"sent": one.sent, "waiting": one.waiting, "from before it began": one.earlier, "not wanted": one.unwanted}
    yield from _indented(f"{how}: {_runs(positions)}" for how, positions in stand.items() if positions)


def _held(one: "Held") -> str:
    if one.behind is not None:
        return f"{one.state}: {one.position}, behind {one.behind}"
    tries = "again at once" if one.due_at is None else f"again at {_at(one.due_at)}"
    next_ = "waits for an operator" if one.state == "parked" else tries
    error = f": {one_line(one.error, WIDE)}" if one.error else ""
    return f"{one.state}: {one.position}, {one.attempts} attempts, {next_}{error}"


def _runs(positions: Sequence[int]) -> str:
    """`12-15, 18`, cut where there are too many."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    said = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:MOST_RUNS]]
    more = sum(last - first + 1 for first, last in runs[MOST_RUNS:])
    return ", ".join(said) + (f" and {more} more" if more else "")


def _indented(lines: Iterable[str], by: int = 2) -> Iterator[str]:
    return (" " * by + line for line in lines)


def _at(time: "datetime") -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"
