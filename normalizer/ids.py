"""UUIDv7 (RFC 9562 §5.7): ids that sort by the time they were made."""


def uuid7(unix_ms: int, entropy: int) -> str:
    """The UUIDv7 of a millisecond since 1970 UTC and 74 bits of entropy, lower case with hyphens."""
    high = ((unix_ms & 0xFFFFFFFFFFFF) << 16) | 0x7000 | ((entropy >> 62) & 0x0FFF)
    text = f"{(high << 64) | 0x8000000000000000 | (entropy & 0x3FFFFFFFFFFFFFFF):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def made_at(id_: str) -> int:
    """The millisecond since 1970 UTC that a UUIDv7 carries."""
    return int(id_[:8] + id_[9:13], 16)
