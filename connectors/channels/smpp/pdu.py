"""Protocol data units of SMPP 3.4 as octets. Pure; what is malformed raises BadPayload, whatever it is.

Commands, states and parameters are plain numbers: carriers have their own, and one that is not known here must not end
a session. Source: SMPP v3.4 issue 1.2, sections 3.2, 4 and 5.3 (smpp.org, read 2026-11).
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from connectors.kit.errors import BadPayload

BIND_RECEIVER: Final = 0x01
BIND_TRANSMITTER: Final = 0x02
SUBMIT_SM: Final = 0x04
DELIVER_SM: Final = 0x05
UNBIND: Final = 0x06
BIND_TRANSCEIVER: Final = 0x09
OUTBIND: Final = 0x0B
ENQUIRE_LINK: Final = 0x15
ALERT_NOTIFICATION: Final = 0x102
RESPONSE: Final = 0x8000_0000
"""Set in the command of an answer."""
GENERIC_NACK: Final = 0x8000_0000
LAST_SEQUENCE: Final = 0x7FFF_FFFF

RECEIPTED_MESSAGE_ID: Final = 0x001E
SAR_REFERENCE: Final = 0x020C
SAR_TOTAL: Final = 0x020E
SAR_NUMBER: Final = 0x020F
MESSAGE_PAYLOAD: Final = 0x0424
MESSAGE_STATE: Final = 0x0427

HEADER: Final = struct.Struct(">IIII")
LARGEST: Final = 1 << 17
"""Octets of one: a message payload has up to 64 KiB."""
MOST_PARAMETERS: Final = 100


class Pdu(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes

    def octets(self) -> bytes:
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


class Party(NamedTuple):
    """An address with its type of number and numbering plan."""

    ton: int
    npi: int
    number: str


@dataclass(frozen=True)
class Short:
    """The body of `submit_sm` and `deliver_sm`."""

    source: Party
    destination: Party
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    message: bytes = b""
    service_type: str = ""
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    replace: int = 0
    default_id: int = 0
    parameters: Mapping[int, bytes] = field(default_factory=dict)
    """The optional ones, by tag."""

    @property
    def content(self) -> bytes:
        """Wherever it stands."""
        return self.message or self.parameters.get(MESSAGE_PAYLOAD, b"")

    def body(self) -> bytes:
        return b"".join(
            (
                _text(self.service_type),
                *(bytes((party.ton, party.npi)) + _text(party.number) for party in (self.source, self.destination)),
                bytes((self.esm_class, self.protocol_id, self.priority)),
                _text(self.schedule) + _text(self.validity),
                bytes((self.registered_delivery, self.replace, self.data_coding, self.default_id)),
                bytes((len(self.message),)) + self.message,
                *(struct.pack(">HH", tag, len(value)) + value for tag, value in self.parameters.items()),
            )
        )


def length(head: bytes) -> int:
    """Octets of the whole PDU that begins so. Raises BadPayload."""
    (told,) = struct.unpack(">I", head[:4])
    if not HEADER.size <= told <= LARGEST:
        raise BadPayload(f"a PDU of {told} octets")
    return int(told)


def read(octets: bytes) -> Pdu:
    """One whole PDU. Raises BadPayload."""
    if len(octets) < HEADER.size or length(octets) != len(octets):
        raise BadPayload("a PDU that ends early")
    _, command, status, sequence = HEADER.unpack_from(octets)
    return Pdu(command, status, sequence, octets[HEADER.size :])


def each(octets: bytes) -> Iterator[bytes]:
    """The PDUs that follow one another; what is no whole one any more comes as the last."""
    at = 0
    while at < len(octets):
        try:
            end = at + length(octets[at:]) if len(octets) - at >= HEADER.size else len(octets)
        except BadPayload:
            end = len(octets)
        yield octets[at:end]
        at = end


def read_short(body: bytes) -> Short:
    """Raises BadPayload."""
    reader = _Reader(body)
    service_type = reader.text()
    source = Party(reader.octet(), reader.octet(), reader.text())
    destination = Party(reader.octet(), reader.octet(), reader.text())
    esm_class, protocol_id, priority = reader.octet(), reader.octet(), reader.octet()
    schedule, validity = reader.text(), reader.text()
    registered, replace, coding, default_id = reader.octet(), reader.octet(), reader.octet(), reader.octet()
    message = reader.octets(reader.octet())
    return Short(
        source=source,
        destination=destination,
        esm_class=esm_class,
        registered_delivery=registered,
        data_coding=coding,
        message=message,
        service_type=service_type,
        protocol_id=protocol_id,
        priority=priority,
        schedule=schedule,
        validity=validity,
        replace=replace,
        default_id=default_id,
        parameters=reader.parameters(),
    )


def bind_body(system_id: str, password: str, system_type: str, addresses: Party) -> bytes:
    """Of the three binds; the version is 3.4."""
    beginning = _text(system_id) + _text(password) + _text(system_type)
    return beginning + bytes((0x34, addresses.ton, addresses.npi)) + _text(addresses.number)


def named(body: bytes) -> str:
    """The message id of a `submit_sm_resp`, empty where there is none. Some send it without its end."""
    return body.partition(b"\0")[0][:65].decode("latin-1")


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def octet(self) -> int:
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        found = self._body[self._at : self._at + count]
        if len(found) < count:
            raise BadPayload("a PDU whose fields end early")
        self._at += count
        return found

    def text(self) -> str:
        """A C string, in whatever they write."""
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise BadPayload("a text without its end")
        found, self._at = self._body[self._at : end], end + 1
        return found.decode("latin-1")

    def parameters(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            if len(found) > MOST_PARAMETERS:
                raise BadPayload(f"more than {MOST_PARAMETERS} optional parameters")
            tag, size = struct.unpack(">HH", self.octets(4))
            found[tag] = self.octets(size)
        return found


def _text(value: str) -> bytes:
    return value.encode("latin-1", "replace") + b"\0"
