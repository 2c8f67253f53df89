"""Messages: sending, looking up, previewing; and the commands about those that stand."""

import asyncio
import re

from connectors.kit.errors import KitError
from gateway.api import queries
from gateway.api.problems import Problem, invalid, not_found
from gateway.api.route import Call
from gateway.api.shapes import Done, MessageAccepted, MessageAnswer, Previews, as_stored
from gateway.hub import Hub
from gateway.people.linking import LinkAsk, request
from gateway.people.orders import PeopleOrder, arrange
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Order, Refusal, Rejected
from gateway.send.orders import order
from gateway.send.preview import preview
from gateway.send.seen import ReadOrder, Seen, read
from normalizer.addresses import InvalidAddress, normalise
from normalizer.commands import (
    AboutMessages,
    AboutPeople,
    Command,
    ReadConversation,
    RequestVerification,
    SendMessage,
    SetTyping,
    excess,
    nul_in,
)
from normalizer.errors import ErrorCode
from normalizer.model import AuthorKind

KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
TYPING_SECONDS = 20.0
"""How long a request may wait for a provider to show that somebody is writing."""


def send(call: Call) -> MessageAccepted:
    command: SendMessage = call.body
    if command.author and command.author.kind == AuthorKind.CONTACT:
        raise invalid("author.kind", "nobody writes as a contact but the contact")
    key = call.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
    hub = call.hub
    ask = Ask(call.principal.id, call.author, command, hub.connectors, key)
    hub.writer.admit()
    accepted = _accepted(hub.writer.submit(accept, ask).result())
    return MessageAccepted(message=accepted.message)


def get(call: Call) -> MessageAnswer:
    with queries.snapshot(call.hub.engine) as rows:
        body = queries.message(rows, call.id)
        if body is None:
            raise not_found("message")
        return MessageAnswer(message=as_stored(body), deliveries=queries.deliveries(rows, call.id))


def render(call: Call) -> Previews:
    command: SendMessage = call.body
    if found := excess(command.text, command.parts, command.actions):
        name, size, most = found
        raise invalid(name, f"{size} are too many; {most} at most")
    if held := nul_in(command):
        raise invalid(held, "a NUL character cannot be sent")
    hub = call.hub
    _reachable(hub, command)
    with queries.snapshot(hub.engine) as rows:
        if command.conversation_id and queries.conversation(rows, command.conversation_id) is None:
            raise not_found("conversation")
        if command.contact_id and queries.contact(rows, command.contact_id) is None:
            raise not_found("contact")
    return Previews(previews=tuple(preview(hub.engine, hub.connectors, hub.links.link, command)))


def _reachable(hub: Hub, command: SendMessage) -> None:
    """Raises Problem for a recipient that sending would refuse too."""
    if sum(target is not None for target in (command.conversation_id, command.contact_id, command.to)) > 1:
        raise Problem(422, "invalid_target", "name at most one of conversation_id, contact_id and to")
    if command.to is None:
        return
    connector = hub.connectors.get(command.to.connector)
    if connector is None:
        raise Problem(422, ErrorCode.NO_ROUTE, f"there is no connector {command.to.connector!r}")
    try:
        normalise(connector.place.scheme, command.to.address)
    except InvalidAddress as error:
        raise Problem(422, ErrorCode.INVALID_ADDRESS, f"to.address: {error}") from error


def command(call: Call) -> Done:
    asked: Command = call.body
    hub = call.hub
    if isinstance(asked, SetTyping):
        _show_typing(hub, asked)
        return Done()
    if isinstance(asked, AboutPeople):
        _arrange(call, asked)
        return Done()
    if isinstance(asked, ReadConversation):
        seen(call, asked)
        return Done()
    return Done(delivery=ordered(call, asked).delivery)


def ordered(call: Call, asked: AboutMessages) -> Accepted:
    """Raises Problem (404, 409, 422)."""
    hub = call.hub
    hub.writer.admit()
    return _accepted(hub.writer.submit(order, Order(call.principal.id, call.author, asked, hub.connectors)).result())


def seen(call: Call, asked: ReadConversation) -> Seen:
    """Raises Problem (404, 422)."""
    result: Seen | Rejected = call.hub.writer.submit(read, ReadOrder(call.author, asked)).result()
    if isinstance(result, Rejected):
        raise _refused(result)
    return result


def _arrange(call: Call, asked: AboutPeople) -> None:
    writer = call.hub.writer
    if isinstance(asked, RequestVerification):
        result: object = writer.submit(request, LinkAsk(call.principal.id, asked, call.hub.connectors)).result()
    else:
        result = writer.submit(arrange, PeopleOrder(call.principal.name, asked)).result()
    if isinstance(result, Rejected):
        raise _refused(result)


def _accepted(result: Accepted | Rejected) -> Accepted:
    if isinstance(result, Rejected):
        raise _refused(result)
    return result


def _refused(rejected: Rejected) -> Problem:
    return Problem(rejected.status, rejected.code, rejected.detail)


def _show_typing(hub: Hub, asked: SetTyping) -> None:
    """Waits for the hub's loop, where providers are spoken to."""
    shown = asyncio.run_coroutine_threadsafe(hub.show_typing(asked), hub.loop)
    try:
        shown.result(TYPING_SECONDS)
    except Refusal as refusal:
        raise _refused(refusal.rejected) from refusal
    except KitError as error:
        raise Problem(502, error.code, f"the provider did not show it: {error.detail}") from error
    except TimeoutError as error:
        shown.cancel()
        raise Problem(504, ErrorCode.TIMED_OUT, "the provider did not answer in time") from error
