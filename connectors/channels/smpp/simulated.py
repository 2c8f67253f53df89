"""What the simulated carrier reads and writes, by python-smpplib."""

import asyncio
import socket
import struct
from typing import Any, Final

from smpplib import smpp
from smpplib.command import Command

from connectors.kit.fixtures import WireRequest

FIELDS: Final = (
    "source_addr_ton",
    "source_addr_npi",
    "source_addr",
    "dest_addr_ton",
    "dest_addr_npi",
    "destination_addr",
    "esm_class",
    "registered_delivery",
    "data_coding",
    "service_type",
    "sar_msg_ref_num",
    "sar_total_segments",
    "sar_segment_seqnum",
)


def made(command: str, sequence: int, **fields: Any) -> bytes:
    pdu = smpp.make_pdu(command, sequence=sequence, **fields)
    pdu.sequence = sequence
    octets: bytes = pdu.generate()
    return octets


def written(came: Command) -> WireRequest:
    """A `submit_sm` by its fields; what is nought or empty is left out."""
    told = {name: getattr(came, name, None) for name in FIELDS}
    headers = {
        name.replace("_", "-"): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in told.items()
        if value
    }
    if payload := getattr(came, "message_payload", None):
        headers["message-payload"] = "yes"
    return WireRequest("SUBMIT", "/", headers, payload or came.short_message)


def reset(writer: asyncio.StreamWriter) -> None:
    # Lingering for no time makes the system send a reset instead of an orderly end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
