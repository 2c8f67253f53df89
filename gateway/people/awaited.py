"""Verifications as the store keeps them: what is awaited, how its code is told from another, and how it ends.

A code is kept as an HMAC-SHA256 under a secret of the hub's own, and compared in constant time. Until it is settled it
stands in the payload of the delivery that carries it; afterwards dots stand there, and in the exchange log.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, fields
from hashlib import sha256

import msgspec

from gateway.record.contacts import tell_contact
from gateway.record.timers import end_timer
from gateway.send.standing import SELECT, Parcel, save
from gateway.store.times import from_us
from gateway.store.transaction import Transaction
from normalizer.events import VerificationData
from normalizer.proving import ATTEMPTS, DIGITS, Link, LinkState, masked

TIMER = "verification"
_PEPPER = "SELECT value FROM own_secrets WHERE name = 'codes'"
_KEEP_PEPPER = "INSERT INTO own_secrets (name, value) VALUES ('codes', ?) ON CONFLICT DO NOTHING"
_END = "UPDATE verifications SET state = ?, attempts = ?, code = ? WHERE id = ?"
_EXCHANGES = "SELECT id, body FROM exchanges WHERE subject = ?"
_CODE = re.compile(rf"(?<![0-9])[0-9]{{{DIGITS}}}(?![0-9])", re.ASCII)
EVENTS = {LinkState.PASSED: "verification.passed"}
"""Whatever else it ends as is a failure."""


@dataclass(slots=True)
class Awaited:
    """A row of `verifications`, in the table's column order."""

    id: str
    contact_id: str
    connector_id: str
    scheme: str
    address: str
    code: bytes
    attempts: int
    state: str
    message_id: str
    created_at: int
    expires_at: int

    def model(self) -> Link:
        return Link(
            id=self.id,
            contact_id=self.contact_id,
            connector=self.connector_id,
            scheme=self.scheme,
            address=self.address,
            state=LinkState(self.state),
            attempts_left=max(ATTEMPTS - self.attempts, 0),
            message_id=self.message_id,
            created_at=from_us(self.created_at),
            expires_at=from_us(self.expires_at),
        )


_COLUMNS = ", ".join(column.name for column in fields(Awaited))
SELECT_AWAITED = f"SELECT {_COLUMNS} FROM verifications"  # noqa: S608 - columns of ours


def new_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def hashed(transaction: Transaction, verification_id: str, code: str) -> bytes:
    """What is kept of a code."""
    row = transaction.row(_PEPPER)
    if row is None:
        transaction.change(_KEEP_PEPPER, secrets.token_bytes(32))
        transaction.flush()
        row = transaction.row(_PEPPER)
    assert row is not None
    return hmac.new(bytes(row[0]), f"{verification_id}\n{code}".encode(), sha256).digest()


def is_right(transaction: Transaction, awaited: Awaited, code: str) -> bool:
    return hmac.compare_digest(hashed(transaction, awaited.id, code), bytes(awaited.code))


def count_wrong(transaction: Transaction, awaited: Awaited) -> None:
    awaited.attempts += 1
    transaction.change(_END, awaited.state, awaited.attempts, awaited.code, awaited.id)


def end(transaction: Transaction, awaited: Awaited, state: LinkState, why: str | None = None) -> None:
    """Awaits a code no longer, forgets it everywhere, and says how it ended."""
    awaited.state, awaited.code = state, b""
    transaction.change(_END, state, awaited.attempts, awaited.code, awaited.id)
    end_timer(transaction, TIMER, awaited.id)
    _forget_code(transaction, awaited)
    type_ = EVENTS.get(state, "verification.failed")
    tell_contact(transaction, None, type_, awaited.contact_id, VerificationData(link=awaited.model(), why=why))


def _forget_code(transaction: Transaction, awaited: Awaited) -> None:
    transaction.flush()
    for row in transaction.rows(f"{SELECT} WHERE message_id = ?", awaited.message_id):
        parcel = Parcel(*row)
        payloads = tuple(
            msgspec.structs.replace(one, body=msgspec.structs.replace(one.body, text=without_codes(one.body.text)))
            for one in parcel.plan.payloads
        )
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, payloads=payloads))
        for id_, body in transaction.rows(_EXCHANGES, parcel.id):
            shown = without_codes(bytes(body).decode()).encode()
            transaction.change("UPDATE exchanges SET body = ? WHERE id = ?", shown, id_)


def without_codes(text: str) -> str:
    """The text with dots for everything in it that may be a code."""
    return masked(text, set(_CODE.findall(text)))
