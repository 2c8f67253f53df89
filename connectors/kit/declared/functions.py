"""How a value is read: small functions by name, each from text to text, time or number.

A declaration names them in `read`, with an argument after a space where they take one: `time %Y%m%d%H%M%S`. They raise
ValueError for what they cannot read, and look at nothing but the value.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import phonenumbers

from connectors.kit.declared import gsm
from connectors.kit.declared.misworded import Misworded

Function = Callable[[Any, str], Any]

SHORT_CODE: Final = 6
"""Digits of a service's short code at the most; more without a plus are an international number."""
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(r"(?:\+|00)?(?P<digits>[1-9][0-9]{1,14})", re.ASCII)
_OFFSET: Final = re.compile(r"([+-][0-9]{2})([0-9]{2})$", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)


def text(value: Any) -> str:
    """A text or a whole number as text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("neither text nor a whole number")
    if isinstance(value, int) and abs(value) > 1 << 63:
        raise ValueError("a number too large for a name")
    return str(value)


def tel(value: Any, country: str) -> str:
    """A number in E.164, with the plus that many providers leave out; short codes and names stay as they are.

    With a country (`tel US`), numbers that are written as they are dialled there are its own.
    """
    written = text(value).strip()
    if country and (national := _of_country(written, country)) is not None:
        return national
    found = _NUMBER.fullmatch(re.sub(r"[ ()-]", "", written))
    if found is None or (len(found["digits"]) <= SHORT_CODE and _DIGITS.fullmatch(written)):
        return written
    return f"+{found['digits']}"


def iso_time(value: Any, _: str) -> datetime:
    """ISO 8601, also with an offset of four digits; without an offset it is UTC."""
    return _utc(datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text(value).strip())))


def strptime(value: Any, form: str) -> datetime:
    """As the argument says, in the codes of `datetime.strptime`; without an offset it is UTC."""
    return _utc(datetime.strptime(text(value).strip(), form))  # noqa: DTZ007 - made UTC where it has no zone


def epoch(value: Any, unit: str) -> datetime:
    """A number since 1970-01-01 in `s` or `ms`."""
    written = str(value) if isinstance(value, float) else text(value).strip()
    if not _DECIMAL.fullmatch(written):
        raise ValueError("not a number of seconds or milliseconds")
    return datetime.fromtimestamp(float(written) / (1000 if unit == "ms" else 1), UTC)


def hex_text(value: Any, encoding: str) -> str:
    """Hexadecimal digits of octets in an encoding, such as `utf-16-be` for UCS-2."""
    return _decoded(bytes.fromhex(text(value)), encoding)


def url_text(value: Any, encoding: str) -> str:
    """Percent-encoded octets in an encoding, once more than the form itself has them."""
    return _decoded(unquote_to_bytes(text(value).replace("+", " ")), encoding)


def octets_text(value: Any, encoding: str) -> str:
    """Octets in an encoding, each of which stands as a character: of a form whose `charset` is `iso-8859-1`."""
    return _decoded(text(value).encode("iso-8859-1"), encoding)


def join(value: Any, separator: str) -> str:
    """A list of texts as one."""
    return separator.join(text(each) for each in value) if isinstance(value, list) else text(value)


def lower(value: Any, _: str) -> str:
    return text(value).lower()


def trim(value: Any, _: str) -> str:
    return text(value).strip()


def before(value: Any, mark: str) -> str:
    """What stands before the first mark."""
    return text(value).partition(mark)[0]


def after(value: Any, mark: str) -> str:
    """What stands behind the first mark; all of it, where there is none."""
    start, found, rest = text(value).partition(mark)
    return rest if found else start


FUNCTIONS: Final[Mapping[str, Function]] = {
    "after": after,
    "before": before,
    "epoch": epoch,
    "hex": hex_text,
    "iso": iso_time,
    "join": join,
    "lower": lower,
    "octets": octets_text,
    "tel": tel,
    "time": strptime,
    "trim": trim,
    "url": url_text,
}


def reading(names: Sequence[str]) -> Callable[[Any], Any]:
    """The functions of these names, one after the other. Raises Misworded for a name that is none."""
    steps = []
    for spelled in names:
        name, _, argument = spelled.partition(" ")
        if name not in FUNCTIONS:
            raise Misworded(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}", spelled)
        steps.append((FUNCTIONS[name], argument))

    def read(value: Any) -> Any:
        for function, argument in steps:
            value = function(value, argument)
        return value

    return read


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _decoded(octets: bytes, encoding: str) -> str:
    return gsm.decoded(octets) if encoding == "gsm" else octets.decode(encoding)


def _of_country(written: str, country: str) -> str | None:
    """The number as it is dialled in a country; None for what is no valid number of its own."""
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(number, country):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
