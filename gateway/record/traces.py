"""The trace of what is made of a raw request after it was recorded: of pieces, of what waited."""

import msgspec

from gateway.store.transaction import Transaction
from gateway.tracing import trace_from, trace_of

_HEADERS = "SELECT headers FROM raws WHERE id = ?"
_headers = msgspec.json.Decoder(dict[str, str])


def trace_of_raw(transaction: Transaction, raw_id: str) -> str:
    """The trace it came with; else the one it began, which goes by its own id, also where it is not kept any more."""
    row = transaction.row(_HEADERS, raw_id)
    sent = _headers.decode(row[0] or b"{}").get("traceparent") if row else None
    return trace_of(sent) or trace_from(raw_id)
