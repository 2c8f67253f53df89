"""Checks of `send` and the other sending abilities, against the simulator over loopback."""

from collections.abc import Mapping

from connectors.kit.errors import (
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.fixtures import OutboundCase, canonical, write_wire
from connectors.kit.testing.simulator import WORDLESS, Failure, LoopbackSimulator
from connectors.kit.testing.subject import Nonconforming, Subject, perform

EXPECTED: Mapping[Failure, tuple[type[KitError], ...]] = {
    Failure.RATE_LIMITED: (Temporary,),
    Failure.SERVER_ERROR: (OutcomeUnknown, Temporary),
    Failure.HANG: (OutcomeUnknown,),
    Failure.RESET: (OutcomeUnknown,),
    Failure.LOST_ANSWER: (OutcomeUnknown,),
    Failure.UNAUTHORIZED: (Misconfigured,),
    Failure.BLOCKED: (OptedOut,),
    Failure.UNREACHABLE: (Unreachable,),
    Failure.REFUSED: (Refused,),
}
MAY_LACK = frozenset({Failure.BLOCKED, Failure.UNREACHABLE, Failure.UNAUTHORIZED})
"""Failures that some providers do not tell of; where there is no account, none can be refused."""


def check_outbound_gives_the_wire_request(subject: Subject, case: OutboundCase) -> None:
    with subject.simulated() as provider:
        sent = subject.sending(provider.settings(), lambda plugin: perform(plugin, case))
        wire = tuple(canonical(provider.steady(request)) for request in provider.requests)
    if wire != case.wire:
        raise Nonconforming(
            f"{case}: the wire saw\n{write_wire(wire).decode(errors='replace')}\n"
            f"and not\n{write_wire(case.wire).decode(errors='replace')}"
        )
    if case.sent is not None and sent != case.sent:
        raise Nonconforming(f"{case}: returned {sent} and not {case.sent}")


def check_failure_has_the_right_name(subject: Subject, failure: Failure) -> None:
    """Also that the plugin does not try again by itself."""
    case = subject.plain_send()
    with subject.simulated() as provider:
        if failure in provider.LACKS:
            if failure not in MAY_LACK or failure in provider.FAILURES:
                raise Nonconforming(f"{failure}: every provider has it, or this one says how it answers")
            return
        if failure not in WORDLESS and failure not in provider.FAILURES:
            raise Nonconforming(f"the simulator's table does not say what the provider answers when {failure}")
        provider.next(failure)
        error = failing(subject, provider, case)
        sends = [request for request in provider.requests if provider.is_send(request)]
    expected = EXPECTED[failure]
    if type(error) not in expected:
        names = " or ".join(kind.__name__ for kind in expected)
        raise Nonconforming(f"{failure} raised {error!r} and not {names}")
    if isinstance(error, Temporary) and failure is Failure.RATE_LIMITED and not error.retry_after:
        raise Nonconforming("rate_limited raised Temporary without retry_after")
    if len(sends) != 1:
        raise Nonconforming(f"{failure}: {len(sends)} requests arrived; a plugin never repeats one")


def check_nobody_listening_is_temporary(subject: Subject) -> None:
    case = subject.plain_send()
    with subject.simulated() as provider:
        settings = provider.settings()
    try:
        subject.sending(settings, lambda plugin: perform(plugin, case))
    except Temporary:
        return
    except KitError as error:
        raise Nonconforming(f"with no server listening, send raised {error!r} and not Temporary") from error
    raise Nonconforming("with no server listening, send returned")


def failing(subject: Subject, provider: LoopbackSimulator, case: OutboundCase) -> KitError:
    """The error of a send that was told to fail. Raises Nonconforming where it succeeds or fails namelessly."""
    try:
        sent = subject.sending(provider.settings(), lambda plugin: perform(plugin, case))
    except KitError as error:
        return error
    except Exception as error:
        raise Nonconforming(f"send raised {type(error).__name__}, which the hub does not know: {error}") from error
    raise Nonconforming(f"send returned {sent}")
