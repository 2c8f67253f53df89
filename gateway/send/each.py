"""Commands of one batch, each by itself: one that is refused leaves no trace, and harms no other."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from gateway.record.desk import Desk
from gateway.send.asks import Refusal, Rejected
from gateway.store.transaction import Transaction


class Traced(Protocol):
    @property
    def trace(self) -> str | None: ...


C = TypeVar("C", bound=Traced)
R = TypeVar("R")


def each(transaction: Transaction, commands: Sequence[C], carry_out: Callable[[Desk, C], R]) -> list[R | Rejected]:
    """What `carry_out` gives for each command; for one that it refuses (`Refusal`), why."""
    results: list[R | Rejected] = []
    for command in commands:
        try:
            with transaction.attempt(), transaction.tracing(command.trace):
                desk = Desk(transaction)
                results.append(carry_out(desk, command))
                desk.save()
        except Refusal as refusal:
            results.append(refusal.rejected)
    return results
