"""What a carrier delivered to what the hub records. Pure; one PDU that cannot be read harms none of the others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.smpp import pdu
from connectors.channels.smpp.alphabet import read as read_text
from connectors.channels.smpp.config import NUMBER, Config
from connectors.channels.smpp.joining import joined, parted
from connectors.channels.smpp.pdu import Party, Short
from connectors.channels.smpp.receipts import ROWS, receipt
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from normalizer.addresses import InvalidAddress, normalise
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Fragment,
    Ignored,
    Inbound,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
    Unreadable,
)
from normalizer.model import ConsentState, Proof
from normalizer.parts import NativePart
from normalizer.status import Status

SCHEME: Final = "tel"
MESSAGE_TYPE: Final = 0x3C
"""The bits of `esm_class` that say what it is."""
RECEIPTS: Final = frozenset({0x04, 0x20})
"""A final one, and one on the way."""
ACKNOWLEDGEMENTS: Final[Mapping[int, str]] = {
    0x08: "a telephone acknowledged a message",
    0x10: "somebody acknowledged a message by hand",
    0x18: "a conversation was broken off",
}
INTERNATIONAL: Final = 1
NATIONAL: Final = 2
NAMED: Final = 5
SHORTEST: Final = 10
"""Digits of a number whose type nobody tells, and which is taken to begin with its country code."""
KEYWORDS: Final[Mapping[str, ConsentState]] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"), ConsentState.OPTED_OUT),
    **dict.fromkeys(("START", "UNSTOP"), ConsentState.OPTED_IN),
}
"""Only where a message says nothing else."""
LONGEST_NATIVE: Final = 1024


def parse(request: Request, config: Config) -> list[Inbound]:
    """Everything in a poll's batch; `names` and `groups` of its headers name each as it was taken."""
    came = list(pdu.each(request.body))
    names = request.headers.get("names", "").split(",")
    groups = request.headers.get("groups", "").split(",")
    if len(names) != len(came) or len(groups) != len(came) or len(set(names)) != len(names) or not all(names):
        names, groups = [f"{sha256(octets).hexdigest()}.{at}" for at, octets in enumerate(came)], ["-"] * len(came)
    found: dict[str, Inbound] = {}
    for octets, name, group in zip(came, names, groups, strict=True):
        try:
            items = _items(octets, name, group, request.received_at, config)
        except BadPayload as error:
            items = [Unreadable(key=f"pdu:{name}", slice=octets, reason=error.detail)]
        found.update((item.key, item) for item in items)  # a receipt may be there twice
    return list(found.values())


def _items(octets: bytes, name: str, group: str, came: datetime, config: Config) -> list[Inbound]:
    read = pdu.read(octets)
    if read.command != pdu.DELIVER_SM:
        raise BadPayload(f"a command that delivers nothing: 0x{read.command:08x}")
    message = pdu.read_short(read.body)
    kind = message.esm_class & MESSAGE_TYPE
    told = pdu.RECEIPTED_MESSAGE_ID in message.parameters and pdu.MESSAGE_STATE in message.parameters
    if kind in RECEIPTS or told:
        return [_report(message, came, config, name)]
    if kind in ACKNOWLEDGEMENTS:
        return [Ignored(key=f"pdu:{name}", reason=ACKNOWLEDGEMENTS[kind])]
    return _message(message, name, group, came, config)


def _report(message: Short, came: datetime, config: Config, name: str) -> Inbound:
    text = read_text(message.content, message.data_coding, config.default_alphabet)
    found = receipt(message, text or message.content.decode("latin-1"), config.message_ids)
    if found is None:
        raise BadPayload("a receipt that names no message or no state")
    row = ROWS.get(found.state)
    if row is None:
        return Ignored(key=f"pdu:{name}", reason=f"a receipt that knows no more: {found.state[:16]}")
    failed = row.status is Status.FAILED
    return StatusChanged(
        key=":".join(("status", found.id, found.state, found.error or "", found.done or "")),
        external_id=found.id,
        status=row.status,
        error_code=row.code,
        provider_code=f"{found.state} {found.error or ''}".strip() if failed else None,
        occurred_at=came.astimezone(UTC),
    )


def _message(message: Short, name: str, group: str, came: datetime, config: Config) -> list[Inbound]:
    _, content = parted(message)
    piece = joined(message)
    text = read_text(content, message.data_coding, config.default_alphabet)
    native = (
        ()
        if text is not None
        else (
            NativePart(kind="binary", data={"data_coding": message.data_coding, "hex": content[:LONGEST_NATIVE].hex()}),
        )
    )
    peer = _peer(message.source, config)
    received = MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=peer,
        text="[data]" if text is None else text or ("" if piece else "[empty message]"),
        parts=native,
        occurred_at=came,
        fragment=Fragment(group=group if group != "-" else name, order=piece.number, count=piece.total)
        if piece
        else None,
    )
    state = KEYWORDS.get((text or "").strip().upper()) if config.default_keywords and piece is None else None
    if state is None:
        return [received]
    said = f"keyword {(text or '').strip().upper()}"
    return [received, ConsentChanged(key=f"consent:{name}", peer=peer, state=state, source=said, occurred_at=came)]


def _peer(source: Party, config: Config) -> Peer:
    """A number is proof of the channel; a short code or a name is whatever its user says. Raises BadPayload."""
    value = _number(source, config) or source.number.strip()
    if not value or not value.isprintable():
        raise BadPayload("a message from nobody")
    proof = Proof.CHANNEL if NUMBER.fullmatch(value) else Proof.ASSERTED
    return Peer(person=Person(address=Address(scheme=SCHEME, value=value)), proof=proof)


def _number(source: Party, config: Config) -> str | None:
    """In E.164, where it is one."""
    digits = source.number.removeprefix("+")
    if source.ton == NAMED or not (digits.isascii() and digits.isdigit()):
        return None
    whole = source.ton == INTERNATIONAL or source.number.startswith("+")
    if not whole and config.region is not None:
        try:
            return normalise(SCHEME, digits, config.region)
        except InvalidAddress:
            return None
    guessed = source.ton != NATIONAL and len(digits) >= SHORTEST
    return f"+{digits}" if (whole or guessed) and NUMBER.fullmatch(f"+{digits}") else None
