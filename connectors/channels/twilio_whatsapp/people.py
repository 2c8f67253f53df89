"""Who is at the other end: `whatsapp:` and a number, or a user id of the business's own where the number is hidden."""

import re
from typing import Final

from connectors.families.twilio.access import NUMBER
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person

SCHEME: Final = "tel"
HIDDEN: Final = "whatsapp"
"""The scheme of those whose number is not told."""
PREFIX: Final = "whatsapp:"
OWN: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9._-]{1,128}")
LONGEST_NAME: Final = 200


def peer(sender: str, name: str) -> Peer:
    """Whoever wrote from `sender`. Raises BadPayload."""
    value = sender.removeprefix(PREFIX)
    if value == sender or not _is_address(value):
        raise BadPayload("no sender of WhatsApp")
    scheme = SCHEME if NUMBER.fullmatch(value) else HIDDEN
    return Peer(person=Person(address=Address(scheme=scheme, value=value), name=name[:LONGEST_NAME] or None))


def recipient(address: Address) -> str:
    """Raises Unreachable."""
    if not _is_address(address.value):
        raise Unreachable("no number in E.164", code=ErrorCode.INVALID_ADDRESS)
    return PREFIX + address.value


def _is_address(value: str) -> bool:
    return bool(NUMBER.fullmatch(value) or OWN.fullmatch(value))
