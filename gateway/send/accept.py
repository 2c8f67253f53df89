"""`message.send`: a command becomes a message in the history and a delivery in the queue, in one transaction."""

import hashlib
from collections.abc import Iterable, Sequence

from gateway.ids import new_id
from gateway.record.cases import Case
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.send.asks import Accepted, Ask, Refusal, Rejected
from gateway.send.copies import Copies, copies_of
from gateway.send.drafts import attachment_ids_of
from gateway.send.each import each
from gateway.send.fallback import watch
from gateway.send.standing import SELECT, Parcel, Plan, queue
from gateway.send.target import Target, aim
from gateway.store import schema
from gateway.store.session import beside_others
from gateway.store.times import on_our_clock
from gateway.store.transaction import Transaction, listed
from normalizer.codec import encode
from normalizer.commands import MAX_AFTER, SendMessage, excess, nul_in
from normalizer.errors import ErrorCode
from normalizer.model import PRIORITY_RANK, Direction, Message, Priority, Purpose
from normalizer.placeholder import placeholder

_HOLD_ROUTES = (
    "SELECT id FROM routes WHERE conversation_id IN (SELECT value FROM json_each(?))"
    " OR id IN (SELECT value FROM json_each(?)) ORDER BY id"
)
_HOLD_CASES = "SELECT id FROM conversations WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


@beside_others
def accept(transaction: Transaction, asks: Sequence[Ask]) -> list[Accepted | Rejected]:
    """Accepts each command once, or says why not. A refused one leaves no trace."""
    hold(transaction, [ask.command for ask in asks])
    return each(transaction, asks, _accept)


def hold(transaction: Transaction, commands: Iterable[SendMessage]) -> None:
    """Before the first of them: the routes they leave on, nearly always, and then their conversations, in the order of
    whoever records."""
    wanted = [(command.conversation_id, command.route_id) for command in commands]
    cases, routes = (listed(sorted({id_ for id_ in ids if id_})) for ids in zip(*wanted, strict=True))
    transaction.hold(_HOLD_ROUTES, cases, routes)
    transaction.hold(_HOLD_CASES, cases)


def _accept(desk: Desk, ask: Ask) -> Accepted:
    command = ask.command
    keys = _keys(ask)
    fingerprint = hashlib.sha256(encode(command)).hexdigest()
    if before := _repeated(desk, ask.principal, keys, fingerprint):
        return before
    check(command, desk.transaction)
    _check_files(command, desk.transaction)
    target = aim(desk, ask)
    copies = copies_of(desk, ask, target)
    message = _message(desk, ask, target, copies)
    place = target.connector.place if target.connector else None
    contact = target.way.contact if target.way else None
    desk.append(target.case, message, "message.created", place=place, way=target.way, contact=contact)
    for key in keys:
        desk.transaction.insert(
            schema.idempotency, ask.principal, key, fingerprint, message.id, desk.transaction.now_us
        )
    if target.way is None:
        return Accepted(message, None)
    parcel = _queue(desk, ask, message, target.case, target.way, target.why)
    _queue_copies(desk, message, copies, parcel)
    return Accepted(message, parcel.model())


def check(command: SendMessage, transaction: Transaction) -> None:
    """Refuses what no channel could send."""
    targets = [command.conversation_id, command.contact_id, command.to]
    if sum(target is not None for target in targets) != 1:
        raise Refusal(422, "invalid_target", "name exactly one of conversation_id, contact_id and to")
    if not command.text.strip() and not command.parts:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, "the message is empty: give text or parts")
    if found := excess(command.text, command.parts, command.actions):
        name, size, most = found
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{name}: {size} are too many; {most} at most")
    if held := nul_in(command):
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{held}: a NUL character cannot be sent")
    if any((step.unless or step.uncertain) and not step.after for step in command.fallback):
        raise Refusal(422, "invalid_fallback", "fallback: `unless` and `uncertain` go with `after`, in seconds")
    if any(step.after > MAX_AFTER for step in command.fallback):
        raise Refusal(422, "invalid_fallback", f"fallback: `after` is {MAX_AFTER} seconds at most")
    if command.expires_at is not None and on_our_clock(command.expires_at) <= transaction.now_us:
        raise Refusal(422, ErrorCode.EXPIRED, "expires_at is past")
    if command.direction == Direction.IN:
        raise Refusal(422, "invalid_direction", "direction is out or note")
    if command.direction == Direction.NOTE and command.conversation_id is None:
        raise Refusal(422, "invalid_target", "a note goes into a conversation: name conversation_id")


def _check_files(command: SendMessage, transaction: Transaction) -> None:
    wanted = set(attachment_ids_of(command.parts))
    if not wanted:
        return
    sql = "SELECT id FROM attachments WHERE id IN (SELECT value FROM json_each(?))"
    if missing := sorted(wanted - {row[0] for row in transaction.rows(sql, listed(wanted))}):
        raise Refusal(422, ErrorCode.MEDIA_UNREACHABLE, f"there is no attachment {missing[0]}")


def _keys(ask: Ask) -> list[str]:
    keys = []
    if ask.idempotency_key:
        keys.append(f"key:{ask.idempotency_key}")
    if ask.command.client_ref:
        keys.append(f"ref:{ask.command.client_ref}")
    return keys


def _repeated(desk: Desk, principal: str, keys: Sequence[str], fingerprint: str) -> Accepted | None:
    for key in keys:
        row = desk.transaction.row(
            "SELECT fingerprint, message_id FROM idempotency WHERE principal = ? AND key = ?", principal, key
        )
        if row is None:
            continue
        if row[0] != fingerprint:
            name = "Idempotency-Key" if key.startswith("key:") else "client_ref"
            raise Refusal(422, "idempotency_mismatch", f"this {name} was used with another body")
        parcels = desk.transaction.rows(f"{SELECT} WHERE message_id = ? ORDER BY id LIMIT 1", row[1])
        delivery = Parcel(*parcels[0]).model() if parcels else None
        return Accepted(desk.message(row[1]), delivery, repeated=True)
    return None


def _message(desk: Desk, ask: Ask, target: Target, copies: Copies) -> Message:
    command, now = ask.command, desk.transaction.now
    answered = copies.answered.id if copies.answered else None
    return Message(
        id=new_id(),
        conversation_id=target.case.id,
        sequence=desk.cases.advance(target.case),
        direction=command.direction,
        author=command.author or ask.author,
        route_id=target.way.id if target.way else None,
        purpose=command.purpose,
        copied=copies.people,
        text=command.text if command.text.strip() else placeholder(command.parts),
        parts=command.parts,
        actions=command.actions,
        reply_to=command.reply_to or answered,
        occurred_at=now,
        received_at=now,
        recorded_at=now,
        client_ref=command.client_ref,
        auto=command.purpose == Purpose.AUTO,
    )


def _queue(desk: Desk, ask: Ask, message: Message, case: Case, way: Way, why: str) -> Parcel:
    bulk = message.purpose == Purpose.MARKETING
    quote = _external_id(desk, way, message.reply_to) if message.reply_to else None
    parcel = queue(
        desk.transaction,
        message,
        way.id,
        way.connector_id,
        Plan(why=why, quote=quote, fallback=ask.command.fallback, reach=_reach(ask, case)),
        rank=PRIORITY_RANK[Priority.BULK if bulk else Priority(case.priority)],
        expires_at=on_our_clock(ask.command.expires_at) if ask.command.expires_at else None,
    )
    watch(desk.transaction, parcel)
    return parcel


def _queue_copies(desk: Desk, message: Message, copies: Copies, first: Parcel) -> None:
    if copies.answered is None:
        return
    quote = next(iter(copies.answered.external_ids), None)
    for way in copies.ways:
        plan = Plan(why="copy: the message answered was from or to them too", quote=quote)
        queue(
            desk.transaction,
            message,
            way.id,
            way.connector_id,
            plan,
            rank=first.rank,
            expires_at=first.expires_at,
        )


def _reach(ask: Ask, case: Case) -> tuple[str, ...]:
    """The connectors a fallback may use."""
    if not ask.command.fallback:
        return ()
    return tuple(name for name, one in ask.connectors.items() if one.place.inbox.id == case.inbox_id)


def _external_id(desk: Desk, way: Way, message_id: str) -> str | None:
    """How the provider calls a message, where it knows it on this route."""
    message = desk.message(message_id)
    return message.external_ids[0] if message.external_ids and message.route_id == way.id else None
