"""A mail as it leaves: header, text, and files that are read and encoded while they are sent.

Whole mails are never in memory. Everything that goes into a header loses its line ends first. Source: RFC 5322, RFC
2045, RFC 2047, RFC 2231, RFC 3834 §3.1.7 (read 2026-11).
"""

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID

from connectors.families.mail.config import MailConfig
from connectors.families.mail.machines import MARK
from connectors.families.mail.markup import as_html
from connectors.families.mail.signing import Signer, Way
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.formatted import expressed
from normalizer.parts import TextPart

MOST_REFERENCES = 20
FILE_OCTETS = 57 * 1024
"""Read at a time: whole lines of base64."""
LINE = 76
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}")
_ID = re.compile(r"[^\s<>@]{1,250}@[^\s<>@]{1,250}")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\x85]+")


@dataclass(frozen=True)
class Letter:
    """A mail ready to hand in. `head` and `body` end their lines in CRLF; `files` follow them."""

    message_id: str
    mail_from: str
    recipient: str
    head: bytes
    body: bytes
    files: Sequence[tuple[bytes, File]]
    """The header of each part, and the file it holds."""
    end: bytes
    size: int
    """Octets, about: what the server is told beforehand."""

    def chunks(self) -> Iterator[bytes]:
        """The mail in pieces that end where lines end. Blocks while it reads files. Raises OSError."""
        yield self.head + b"\r\n" + self.body
        for header, file in self.files:
            yield header
            with file.path.open("rb") as content:
                while octets := content.read(FILE_OCTETS):
                    yield in_base64(octets)
        if self.end:
            yield self.end


def compose(outbound: Outbound, config: MailConfig, signer: Signer, at: datetime) -> Letter:
    """The mail an outbound becomes. Raises Refused where its files are too large."""
    checked(outbound, config)
    answered, references = thread_of(outbound)
    message_id = message_id_of(outbound.token, config.domain)
    fields = [
        ("From", mailbox(config.name, config.own)),
        *_addressed(outbound),
        ("Subject", encoded(subject_of(outbound, config, answered is not None))),
        ("Date", format_datetime(at)),
        ("Message-ID", f"<{message_id}>"),
    ]
    fields += [("In-Reply-To", f"<{answered}>")] if answered else []
    fields += [("References", "\r\n ".join(f"<{id_}>" for id_ in references))] if references else []
    reply_to = signer.address(Way.REPLY, outbound.token)
    fields += [("Reply-To", mailbox(config.name, reply_to))] if reply_to else []
    fields += markings(outbound, signer)
    kind, body, files, end = _content(outbound, sha256(outbound.token.encode()).hexdigest()[:24])
    fields += [("MIME-Version", "1.0"), *kind]
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in fields)
    return Letter(
        message_id=message_id,
        mail_from=signer.address(Way.BOUNCE, outbound.token) or config.own,
        recipient=outbound.address.value,
        head=head,
        body=body,
        files=files,
        end=end,
        size=len(head) + len(body) + sum(len(part) + file.size * 78 // 57 + 80 for part, file in files),
    )


def checked(outbound: Outbound, config: MailConfig) -> None:
    """Raises Refused where its files are too large."""
    if sum(file.size for file in outbound.files.values()) > config.most_octets:
        raise Refused(f"files of more than {config.most_octets} octets", code=ErrorCode.MEDIA_TOO_LARGE)


def markings(outbound: Outbound, signer: Signer) -> list[tuple[str, str]]:
    """Fields by which machines know an automatic text, and we our own mail."""
    mark = signer.mark(outbound.token, outbound.address.value)
    fields = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")] if outbound.auto else []
    return [*fields, (MARK.title(), mark)] if mark else fields


def whole(letter: "Letter") -> bytes:
    """All of a mail. Blocks. Raises Refused where a file of it is gone."""
    try:
        return b"".join(letter.chunks())
    except FileNotFoundError as error:
        raise Refused("a file of the mail is gone", code=ErrorCode.MEDIA_UNREACHABLE) from error


def written_at(token: str, now: datetime) -> datetime:
    """When what a token stands for was made, by the clock of the UUID in it (RFC 9562 §5.7), so that every attempt has
    the same `Date`; `now` where it tells no such time."""
    try:
        id_ = UUID(token.partition(".")[0])
        at = datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if id_.version == 7 and at <= now else now


def message_id_of(token: str, domain: str) -> str:
    """The id of the mail that carries a token, without brackets."""
    return f"{token if _TOKEN.fullmatch(token) else sha256(token.encode()).hexdigest()}@{domain}"


def token_of(message_id: str, domain: str) -> str | None:
    """The token of a message id of ours."""
    token, _, where = message_id.rpartition("@")
    return token if where.lower() == domain and _TOKEN.fullmatch(token) else None


def one_line(text: str) -> str:
    """Without what could end a line of a header."""
    return _BREAKS.sub(" ", text).strip()


def file_title(name: str) -> str:
    """A name without path, line ends and excess; never empty."""
    return (one_line(name).replace("/", "_").replace("\\", "_") or "file")[:200]


def mailbox(name: str, address: str) -> str:
    """`Ann Example <ann@example.com>`."""
    shown = one_line(name)
    if not shown:
        return address
    if shown.isascii() and len(shown) < LINE:
        return '"{}" <{}>'.format(shown.replace("\\", "\\\\").replace('"', '\\"'), address)
    return f"{encoded(shown)} <{address}>"


def encoded(text: str) -> str:
    """A value for a header: as it is where it is plain and short, else in encoded words, a line each."""
    value = one_line(text)
    if value.isascii() and len(value) < LINE - 10 and "=?" not in value:
        return value
    pieces: list[bytes] = [b""]
    for letter in value:
        octets = letter.encode("utf-8", "replace")
        if len(pieces[-1]) + len(octets) > 42:
            pieces.append(b"")
        pieces[-1] += octets
    return "\r\n ".join(f"=?utf-8?b?{b2a_base64(piece, newline=False).decode()}?=" for piece in pieces)


def in_base64(octets: bytes) -> bytes:
    """In lines, each ended; whole lines of input give whole lines."""
    encoded_ = b2a_base64(octets, newline=False)
    return b"".join(encoded_[at : at + LINE] + b"\r\n" for at in range(0, len(encoded_), LINE))


def _addressed(outbound: Outbound) -> list[tuple[str, str]]:
    """Whom everybody may see it was sent to. Addresses beyond ASCII are shown to who has such a one, for their server
    and the relay understand them."""
    wide = not outbound.address.value.isascii()
    to = (outbound.to or outbound.address).value
    copied = [address for address in outbound.copied if wide or address.isascii()]
    fields = [("To", to if wide or to.isascii() else "undisclosed-recipients:;")]
    return [*fields, ("Cc", ",\r\n ".join(copied))] if copied else fields


def thread_of(outbound: Outbound) -> tuple[str | None, list[str]]:
    """What is answered, and all ids of the thread: the first and the last of them."""
    ids = [id_ for id_ in outbound.references if _ID.fullmatch(id_)]
    if outbound.reply_to and _ID.fullmatch(outbound.reply_to):
        ids = [*(id_ for id_ in ids if id_ != outbound.reply_to), outbound.reply_to]
    kept = list(dict.fromkeys(ids))
    answered = kept[-1] if kept else None
    return answered, kept if len(kept) <= MOST_REFERENCES else [kept[0], *kept[1 - MOST_REFERENCES :]]


def subject_of(outbound: Outbound, config: MailConfig, answers: bool) -> str:
    subject = outbound.subject or config.subject
    return f"Re: {subject}" if answers else subject


Fields = list[tuple[str, str]]


def _content(outbound: Outbound, boundary: str) -> tuple[Fields, bytes, Sequence[tuple[bytes, File]], bytes]:
    """The fields that say what the body is, the body up to the files, the files, and the end."""
    kind, body = _words(outbound, f"=_a{boundary}")
    files = [outbound.files[part.attachment_id] for part in outbound.payload.media]
    if not files:
        return kind, body, (), b""
    line = f"--=_m{boundary}".encode()
    parts = [(b"\r\n" + line + b"\r\n" + _attached(file) + b"\r\n", file) for file in files]
    first = b""
    if outbound.payload.text:
        first = line + b"\r\n" + _lines(kind) + b"\r\n" + body
    else:
        parts[0] = (parts[0][0].removeprefix(b"\r\n"), parts[0][1])
    return [_multipart("mixed", f"=_m{boundary}")], first, parts, b"\r\n" + line + b"--\r\n"


def _words(outbound: Outbound, boundary: str) -> tuple[Fields, bytes]:
    """Plain text, and where it is formatted HTML beside it."""
    said, html = formatted(outbound)
    plain = _text("plain", said)
    if html is None:
        return plain
    line = f"--{boundary}\r\n".encode()
    parts = [line + _lines(kind) + b"\r\n" + body for kind, body in (plain, _text("html", html))]
    return [_multipart("alternative", boundary)], b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()])


def formatted(outbound: Outbound) -> tuple[str, str | None]:
    """Its words plain, and as HTML where they are formatted."""
    form = TextPart(text=outbound.payload.text, spans=outbound.payload.spans)
    return expressed(form, frozenset())[0].text, as_html(form) if form.spans else None


def _text(kind: str, text: str) -> tuple[Fields, bytes]:
    """Text as it is where every server takes it so, else in the encoding that is shorter."""
    octets = (text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n").encode("utf-8", "replace")
    lines = octets.split(b"\n")
    fields = [("Content-Type", f"text/{kind}; charset=utf-8")]
    if octets.isascii() and b"\0" not in octets and max(map(len, lines)) <= LINE:
        return [*fields, ("Content-Transfer-Encoding", "7bit")], b"\r\n".join(lines)
    quoted = b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")
    if len(quoted) < len(octets) * 8 // 5:
        return [*fields, ("Content-Transfer-Encoding", "quoted-printable")], quoted
    return [*fields, ("Content-Transfer-Encoding", "base64")], in_base64(octets)


def _multipart(kind: str, boundary: str) -> tuple[str, str]:
    return "Content-Type", f'multipart/{kind}; boundary="{boundary}"'


def _lines(fields: Fields) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields)


def _attached(file: File) -> bytes:
    kind = file.media_type.lower() if _TYPE.fullmatch(file.media_type.lower()) else "application/octet-stream"
    if kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"  # these may not be in base64
    return _lines(
        [
            ("Content-Type", kind),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", f"attachment;\r\n {file_name_field(file.name)}"),
        ]
    )


def file_name_field(name: str) -> str:
    """The parameter: quoted where it is plain, else as RFC 2231 has it, in pieces of a line each."""
    clean = file_title(name)
    if clean.isascii() and '"' not in clean and len(clean) < 60:
        return f'filename="{clean}"'
    pieces = ["utf-8''"]
    for letter in clean:
        octets = quote(letter.encode("utf-8", "replace"), safe="")
        if len(pieces[-1]) + len(octets) > 60:
            pieces.append("")
        pieces[-1] += octets
    if len(pieces) == 1:
        return f"filename*={pieces[0]}"
    return ";\r\n ".join(f"filename*{n}*={piece}" for n, piece in enumerate(pieces))
