"""Header fields of a mail: unfolded, decoded, taken apart. Every step is linear, and what it reads is bounded.

Source: RFC 5322 §2.2, RFC 2047 (encoded words), RFC 2231 (parameters) (read 2026-11).
"""

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from urllib.parse import unquote_to_bytes

from connectors.families.mail.mime_charset import decoded, plain
from normalizer.addresses import InvalidAddress, normalise

MOST_FIELDS = 1000
MOST_VALUE = 8 << 10
"""Characters of a value that are looked at."""
MOST_ADDRESSES = 50
MOST_NAME = 255
_LINE = re.compile(rb"\n(?![ \t])")
_FOLD = re.compile(r"\n[ \t]*")
_TYPE = re.compile(r"\s{0,20}([A-Za-z0-9!#$&^_.+-]{1,63}/[A-Za-z0-9!#$&^_.+-]{1,63})")
_PARAMETER = re.compile(
    r""";\s{0,20}([^\s=;"]{1,80})\s{0,20}=\s{0,20}(?:"((?:[^"\\]|\\.){0,4096})"|([^;]{0,4096}))""", re.S
)
_PIECES = re.compile(r"(.{1,70}?)(?:\*(\d{1,3}))?(\*)?")
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]{0,2000})\?=")
_ID = re.compile(r"<\s{0,20}([^<>\s]{1,900})\s{0,20}>")


@dataclass(frozen=True)
class Fields:
    """In their order; names in lower case, values unfolded and not yet decoded."""

    all: Sequence[tuple[str, str]]

    def first(self, name: str) -> str | None:
        return next((value for key, value in self.all if key == name), None)

    def each(self, name: str) -> list[str]:
        return [value for key, value in self.all if key == name]

    def __contains__(self, name: str) -> bool:
        return self.first(name) is not None

    def text(self, name: str) -> str | None:
        """The decoded text of a field; None where it is absent or empty."""
        value = self.first(name)
        return (words(value).strip() or None) if value is not None else None


def read_fields(block: bytes) -> Fields:
    """The fields of a header block without its blank line; lines that are no field are passed over."""
    found: list[tuple[str, str]] = []
    for line in _LINE.split(block):
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and name and name.isascii() and b" " not in name:
            found.append((name.decode().lower(), _FOLD.sub(" ", plain(_text(value))).strip()))
            if len(found) == MOST_FIELDS:
                break
    return Fields(tuple(found))


def words(value: str) -> str:
    """A value with its encoded words decoded. Words side by side join, also within a character."""
    pieces: list[str] = []
    pending: tuple[str, bytes] | None = None
    end = 0
    value = value[:MOST_VALUE]
    for found in _WORD.finditer(value):
        between = value[end : found.start()]
        charset, octets = found[1].partition("*")[0].lower(), _octets(found[2], found[3])
        if pending and not between.strip() and pending[0] == charset:
            pending = (charset, pending[1] + octets)
        else:
            if pending:
                pieces.append(decoded(pending[1], pending[0]))
            if between.strip() or not pending:
                pieces.append(between)
            pending = (charset, octets)
        end = found.end()
    if pending:
        pieces.append(decoded(pending[1], pending[0]))
    pieces.append(value[end:])
    return plain("".join(pieces)).replace("\n", " ").replace("\t", " ")


def content_type(value: str | None, default: str = "text/plain") -> tuple[str, Mapping[str, str]]:
    """Type and parameters; `default` where none, or none that reads as one, is given."""
    found = _TYPE.match(value or "")
    return (found[1].lower(), parameters(value or "")) if found else (default, parameters(value or ""))


def parameters(value: str) -> dict[str, str]:
    """What follows the semicolons; names in lower case, continuations joined, the first of two alike stands."""
    gathered: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(value[:MOST_VALUE]):
        quoted = found[2] is not None
        text = re.sub(r"\\(.)", r"\1", found[2], flags=re.S) if quoted else found[3].strip()
        name = _PIECES.fullmatch(found[1].lower())
        if name:
            gathered.setdefault(name[1], {}).setdefault(int(name[2] or 0), (text, name[3] is not None))
    return {name: _joined(pieces) for name, pieces in gathered.items()}


def addresses(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and address of each mailbox in these values; at most `MOST_ADDRESSES`."""
    for value in values[:MOST_ADDRESSES]:
        short = value[: MOST_VALUE // 2]
        try:
            pairs = getaddresses([short if "@" in short else words(short)])
        except (RecursionError, ValueError, IndexError):  # comments within comments; nobody's address
            continue
        for name, address in pairs[:MOST_ADDRESSES]:
            if address:
                yield words(name).strip()[:MOST_NAME], words(address).strip()


def normal(address: str) -> str | None:
    """The address as it is compared; None for what is none."""
    try:
        return normalise("mailto", address)
    except InvalidAddress:
        return None


def message_ids(value: str | None) -> list[str]:
    """The ids in a value, without brackets, in their order; at most a hundred, the first and the last."""
    found = [id_[1] for id_ in _ID.finditer((value or "")[: 64 << 10])]
    return found if len(found) <= 100 else [*found[:1], *found[-99:]]


def file_name(text: str | None) -> str | None:
    """A name without path, control characters and excess; None where nothing is left."""
    if not text:
        return None
    name = words(text).replace("\\", "/").rpartition("/")[2].strip().strip(".")
    return name[-MOST_NAME:] or None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _octets(encoding: str, text: str) -> bytes:
    data = text.encode("ascii", "replace")
    if encoding in "qQ":
        return a2b_qp(data, header=True)
    try:
        return a2b_base64(data + b"=" * (-len(data.rstrip(b"=")) % 4))
    except Error:
        return data


def _joined(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """The pieces in the order of their numbers; of an encoded one, the charset stands before the first."""
    ordered = [pieces[n] for n in sorted(pieces)]
    if not any(encoded for _, encoded in ordered):
        return "".join(text for text, _ in ordered)[:MOST_VALUE]
    charset, octets = "utf-8", b""
    for n, (text, encoded) in enumerate(ordered):
        if encoded and n == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        octets += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decoded(octets, charset)
