"""The exchange log: what was said to providers and what they answered, redacted, for the operator."""

from collections.abc import Sequence

from connectors.kit.http import Exchange
from gateway.ids import new_id
from gateway.store import schema
from gateway.store.transaction import Transaction
from normalizer.codec import encode


def keep_exchange(transaction: Transaction, exchanges: Sequence[Exchange]) -> list[None]:
    """Stores exchanges; `body` is the JSON of an `Exchange`, `at` the time of the commit."""
    for exchange in exchanges:
        transaction.insert(
            schema.exchanges, new_id(), exchange.connector, exchange.subject, transaction.now_us, encode(exchange)
        )
    return [None] * len(exchanges)
