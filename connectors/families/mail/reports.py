"""What machines tell of mail we sent: that it bounced or arrived, that it was read, that somebody complained.

Believed only where it names a mail of ours by something a stranger cannot make: a signed address, a signed mark, or a
Message-ID that only who got the mail has seen. Source: RFC 3464 (DSN), RFC 8098 (MDN), RFC 5965 (ARF), RFC 3463 and the
IANA registry of enhanced status codes (read 2026-11).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.families.mail.compose import token_of
from connectors.families.mail.machines import MARK
from connectors.families.mail.mime import Octets, Piece, read_header
from connectors.families.mail.mime_body import start_of
from connectors.families.mail.mime_fields import Fields, addresses, message_ids, normal, read_fields
from connectors.families.mail.signing import Signer, Way
from connectors.families.mail.statuses import code_of
from connectors.kit.errors import BadPayload
from normalizer.inbound import Address, ConsentChanged, Ignored, Inbound, Peer, Person, StatusChanged, Unreadable
from normalizer.model import ConsentState
from normalizer.status import Status

MOST_REPORT = 64 << 10
"""Octets of the part for machines that are read."""
ACTIONS = {"failed": Status.FAILED, "delivered": Status.DELIVERED}
"""`relayed` and `expanded` say that nothing more will be heard, `delayed` that it is still tried."""
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other"})
_BLANK = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPORTS = {
    "message/delivery-status": "delivery",
    "message/global-delivery-status": "delivery",
    "message/disposition-notification": "disposition",
    "message/global-disposition-notification": "disposition",
    "message/feedback-report": "feedback",
}
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})


@dataclass(frozen=True)
class Report:
    """A report as it came: its blocks for machines, and the header of the mail it is about."""

    about: str
    """`delivery`, `disposition` or `feedback`."""
    blocks: Sequence[Fields]
    returned: Fields
    key: str
    came_to: Sequence[str]
    """The addresses it was sent to, any of which may be signed."""
    received_at: datetime


def find_report(source: Octets, root: Piece, key: str, came_to: Sequence[str], received_at: datetime) -> Report | None:
    """None for a mail that is none. Raises BadPayload."""
    if root.kind != "multipart/report":
        return None
    leaves = list(root.leaves())
    told = next((leaf for leaf in leaves if leaf.kind in _REPORTS), None)
    if told is None:
        return None
    text = start_of(source, told, MOST_REPORT)
    blocks = [read_fields(block.strip(b"\r\n")) for block in _BLANK.split(text)[:100] if block.strip()]
    about = next((leaf for leaf in leaves if leaf.kind in _RETURNED), None)
    returned = Fields(())
    if about is not None:
        octets = start_of(source, about, 256 << 10)
        try:
            returned = read_header(octets, 0, len(octets))[0]
        except BadPayload:
            returned = Fields(())  # built to cost; then it tells nothing
    return Report(_REPORTS[told.kind], blocks, returned, key, came_to, received_at)


def failed_recipient(
    source: Octets, root: Piece, key: str, token: str | None, domain: str, at: datetime
) -> Inbound | None:
    """A bounce in no standard form, as some servers still write them: it came to a signed address of ours, and names
    whom it failed for. None for any other mail."""
    if token is None or "x-failed-recipients" not in root.fields:
        return None
    first = next(root.leaves())
    found = _STATUS.search(start_of(source, first, 8192).decode("ascii", "replace"))
    told = found[1] if found else None
    return StatusChanged(
        key=key,
        external_id=f"{token}@{domain}",
        token=token,
        status=Status.FAILED,
        error_code=code_of(told or ""),
        provider_code=told,
        occurred_at=at,
    )


def read_report(report: Report, signer: Signer, domain: str) -> Inbound:
    """What it means for a mail of ours. `domain` is of our Message-IDs."""
    if report.about == "feedback":
        return _complaint(report, signer, domain)
    found = _token(report, signer, domain)
    if found is None:
        return Ignored(key=report.key, reason=f"a {report.about} report about no mail of ours")
    return (_delivery if report.about == "delivery" else _disposition)(report, *found)


def _delivery(report: Report, token: str, external_id: str) -> Inbound:
    for block in report.blocks:
        action = (block.first("action") or "").strip().lower()
        if action in ACTIONS:
            status, failed = ACTIONS[action], action == "failed"
            told = _enhanced(block)
            return StatusChanged(
                key=report.key,
                external_id=external_id,
                token=token,
                status=status,
                error_code=code_of(told or "") if failed else None,
                provider_code=told if failed else None,
                occurred_at=report.received_at,
            )
    return Ignored(key=report.key, reason="a delivery report that settles nothing")


def _enhanced(block: Fields) -> str | None:
    """The code that says most: servers put `5.0.0` into Status and the reason into what the other one said."""
    values = [(block.first(name) or "")[:1000] for name in ("status", "diagnostic-code")]
    told = [found[1] for value in values if (found := _STATUS.search(value))]
    return next((code for code in told if not code.endswith(".0.0")), told[0] if told else None)


def _disposition(report: Report, token: str, external_id: str) -> Inbound:
    dispositions = ((block.first("disposition") or "").rpartition(";")[2].strip().lower() for block in report.blocks)
    if not any(word.partition("/")[0] == "displayed" for word in dispositions):
        return Ignored(key=report.key, reason="a disposition other than displayed")
    return StatusChanged(
        key=report.key, external_id=external_id, token=token, status=Status.READ, occurred_at=report.received_at
    )


def _complaint(report: Report, signer: Signer, domain: str) -> Inbound:
    """Whoever complains is whom the mail went to: by our mark, or, where their address is left out, by its token."""
    kinds = {(block.first("feedback-type") or "").strip().lower() for block in report.blocks}
    if not kinds & COMPLAINTS:
        return Ignored(key=report.key, reason="feedback that is no complaint")
    named = [block.each(name) for block in report.blocks for name in ("original-rcpt-to",)]
    told = [value.strip().strip("<>").removeprefix("rfc822;").strip() for values in named for value in values[:10]]
    told += [address for _, address in addresses([*report.returned.each("to"), *report.returned.each("cc")])]
    marked = signer.marked(report.returned.first(MARK) or "", told[:20])
    redacted = not any(normal(address) for address in told[:20])
    named_by_token = _token(report, signer, domain) if redacted else None
    token = marked[0] if marked else named_by_token[0] if named_by_token else None
    if token is None:
        # Nobody is shut out on the word of a stranger; an operator may read who it was.
        reason = "a complaint that names nobody we wrote to"
        return Unreadable(key=report.key, slice=_shown(report), reason=reason)
    address = Address(scheme="mailto", value=normal(marked[1]) or marked[1]) if marked else None
    return ConsentChanged(
        key=report.key,
        peer=Peer(person=Person(address=address)) if address else None,
        token=token,
        state=ConsentState.OPTED_OUT,
        source="complaint to the mailbox provider",
        occurred_at=report.received_at,
    )


def _token(report: Report, signer: Signer, domain: str) -> tuple[str, str] | None:
    """Token and external id of the mail it is about."""
    token = signer.token(Way.BOUNCE, report.came_to) or signer.token(Way.BOUNCE, _envelopes(report))
    if token is not None:
        return token, f"{token}@{domain}"
    for id_ in _returned_ids(report):
        named = token_of(id_, domain)
        if named is not None:
            return named, id_
    return None


def _envelopes(report: Report) -> list[str]:
    """Return addresses as reports repeat them."""
    values = [*report.returned.each("return-path"), *(v for b in report.blocks for v in b.each("original-mail-from"))]
    return [value.strip().strip("<>") for value in values[:20]]


def _returned_ids(report: Report) -> Iterator[str]:
    for block in report.blocks:
        yield from message_ids(block.first("original-message-id"))
    yield from message_ids(report.returned.first("message-id"))


def _shown(report: Report) -> bytes:
    lines = [f"{name}: {value}" for block in report.blocks for name, value in block.all[:50]]
    return "\n".join(lines).encode("utf-8", "replace")[:4096]
