"""GSM 03.38 as some gateways pass it on: a septet in each octet. Source: 3GPP TS 23.038, 6.2.1 (read 2026-11)."""

from typing import Final

ESCAPE: Final = 0x1B
DEFAULT: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


def decoded(octets: bytes) -> str:
    """The text. An unknown extension is read as the character of the default table. Raises ValueError."""
    text, escaped = "", False
    for octet in octets:
        if octet > 0x7F:
            raise ValueError("more than a septet")
        if octet == ESCAPE and not escaped:
            escaped = True
            continue
        text += EXTENSION.get(octet, DEFAULT[octet]) if escaped else DEFAULT[octet]
        escaped = False
    return text
