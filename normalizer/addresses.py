"""Addresses in the one form in which they are compared and stored.

Syntax only: whether anybody is there, a provider tells. What a person sees keeps its own spelling elsewhere
(`Route.address`); the value made here is a key.
"""

import re
import unicodedata

from normalizer.errors import ErrorCode

MAX_TEL = 64
MAX_PREFIXES = 4
MAX_OPAQUE = 256
MAX_HANDLE = 64
MAX_LOCAL = 64
MAX_DOMAIN = 253
MAX_MAIL = 254
"""Octets; RFC 5321 §4.5.3.1 with erratum 1690 (read 2026-11)."""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_ATOM = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\]\\.]+")
_QUOTED = re.compile(r'"(?:[^\x00-\x1f\x7f"\\]|\\[^\x00-\x1f\x7f])*"')
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


class InvalidAddress(ValueError):
    """The text is no address of its scheme; `detail` says why without repeating it."""

    code = ErrorCode.INVALID_ADDRESS

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def normalise(scheme: str, text: str, region: str | None = None) -> str:
    """The value of an address. Idempotent. Raises InvalidAddress.

    `tel` gives E.164; `region` (ISO 3166-1 alpha-2) is where numbers without country code belong. `mailto` gives local
    part and domain in lower case, the domain as ASCII (IDNA 2008): servers may tell `Ann@` from `ann@` (RFC 5321
    §2.4), but none that matters does, while people write both. Any other scheme is opaque: trimmed, at most 256
    characters, no control characters.
    """
    trimmed = text.strip()
    if scheme == "tel":
        return _tel(trimmed, region)
    if scheme == "mailto":
        return _mailto(trimmed)
    return _opaque(trimmed, MAX_OPAQUE)


def handle(text: str) -> str:
    """A `@name` as it is compared: without the sign, in lower case. Raises InvalidAddress."""
    name = _opaque(text.strip().removeprefix("@"), MAX_HANDLE).lower()
    if "@" in name or any(character.isspace() for character in name):
        raise InvalidAddress("a handle is one word")
    return name


def _tel(text: str, region: str | None) -> str:
    if len(text) > MAX_TEL:
        raise InvalidAddress(f"longer than {MAX_TEL} characters")
    value = _e164(text, region)
    # Reading may drop a trunk prefix each time; only what reads as itself is one number for good.
    for _ in range(MAX_PREFIXES):
        again = _e164(value, None)
        if again == value:
            return value
        value = again
    raise InvalidAddress("not one telephone number")


def _e164(text: str, region: str | None) -> str:
    # phonenumbers takes a tenth of a second to import; who never meets a telephone number does not pay for it.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidAddress("not a telephone number with its country code") from error
    if number.extension:
        raise InvalidAddress("an extension cannot be addressed")
    # Possible, not valid: the tables of valid ranges lag behind the numbers in use.
    if not phonenumbers.is_possible_number(number):
        raise InvalidAddress("too short or too long for a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _mailto(text: str) -> str:
    local, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if not at:
        raise InvalidAddress("an e-mail address has an @")
    local = unicodedata.normalize("NFC", local.lower())
    if any(unicodedata.category(character) in _REFUSED for character in local):
        raise InvalidAddress("control characters before the @")
    if not (_QUOTED.fullmatch(local) or all(_ATOM.fullmatch(atom) for atom in local.split("."))):
        raise InvalidAddress("characters before the @ that need quoting")
    value = f"{local}@{_domain(domain)}"
    if len(local.encode()) > MAX_LOCAL or len(value.encode()) > MAX_MAIL:
        raise InvalidAddress("too long for an e-mail address")
    return value


def _domain(text: str) -> str:
    domain = text.lower()
    if len(domain) > MAX_DOMAIN:
        raise InvalidAddress("too long for a domain")
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii").lower()
        except idna.IDNAError as error:
            raise InvalidAddress("not an internationalised domain") from error
    if len(domain) > MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise InvalidAddress("not a domain after the @")
    return domain


def _opaque(text: str, most: int) -> str:
    if not text:
        raise InvalidAddress("empty")
    if len(text) > most:
        raise InvalidAddress(f"longer than {most} characters")
    if any(unicodedata.category(character) in _REFUSED for character in text):
        raise InvalidAddress("control characters")
    return text
