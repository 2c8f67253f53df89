"""Checks of `verify`, `parse` and `respond`."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from time import thread_time
from typing import Any, get_args

import msgspec
from hypothesis import HealthCheck, given, settings

from connectors.kit.base import Outcome, Plugin
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.fixtures import InboundCase, as_request
from connectors.kit.request import Request
from connectors.kit.testing.damage import damaged_requests, swapped_bodies, unread_queries
from connectors.kit.testing.hostile import hostile_requests
from connectors.kit.testing.subject import Nonconforming, Subject
from normalizer.inbound import CallChanged, Inbound, MessageReceived, Unreadable

ITEMS: tuple[type, ...] = get_args(Inbound)
EXAMPLES = 60
"""Of damage by chance, a request."""
EXAMPLES_BESIDE = 25
"""The same where each of its values was swapped already: chance is left octets, headers and the query."""
HOSTILE = int(os.environ.get("TEST_MUTATIONS", "15"))
"""Hostile requests a fixture is tried with; set it high, and all of them are tried."""
SECONDS = 2.0
"""Of the processor, within which any request is read, however hostile."""


def check_genuine_request_verifies(subject: Subject, case: InboundCase) -> None:
    try:
        subject.receiving().verify(case.request)
    except BadSignature as error:
        raise Nonconforming(f"{case}: refused: {error.detail}") from error


def check_forged_request_is_refused(subject: Subject, mutator: str) -> None:
    plugin = subject.receiving()
    changed = 0
    for case in subject.fixtures.inbound:
        forged = subject.simulator.mutators[mutator](case.request)
        if forged == case.request:
            continue
        changed += 1
        try:
            plugin.verify(forged)
        except BadSignature:
            continue
        raise Nonconforming(f"{case}: still accepted after {mutator}")
    if not changed:
        raise Nonconforming(f"{mutator} changes none of the fixtures")


def check_forgeries_are_declared(subject: Subject) -> None:
    if not subject.simulator.mutators:
        raise Nonconforming("the simulator declares no mutators, so nothing shows that verify refuses anything")


def check_request_becomes_what_is_expected(subject: Subject, case: InboundCase) -> None:
    plugin = subject.receiving()
    items = tuple(plugin.parse(plugin.kept(case.request)))
    if items != case.expected:
        shown = msgspec.json.format(msgspec.json.encode(items)).decode()
        raise Nonconforming(f"{case}: parsed to\n{shown}")


def check_parsing_twice_is_equal(subject: Subject, case: InboundCase) -> None:
    plugin = subject.receiving()
    first, second, fresh = (tuple(one.parse(case.request)) for one in (plugin, plugin, subject.receiving()))
    if not first == second == fresh:
        raise Nonconforming(f"{case}: parsed to {first}, then to {second}, by another instance to {fresh}")


def check_what_is_kept_proves_nothing(subject: Subject, case: InboundCase) -> None:
    """No secret stands in the body that the hub keeps, nor so in what is made of it."""
    plugin = subject.receiving()
    kept = plugin.kept(case.request)
    if any(secret.encode() in kept.body for secret in subject.secrets()):
        raise Nonconforming(f"{case}: the body holds a secret, and `kept` does not take it out")


def check_items_have_distinct_keys(subject: Subject, case: InboundCase) -> None:
    keys = [item.key for item in subject.receiving().parse(case.request)]
    if not all(keys) or len(set(keys)) != len(keys):
        raise Nonconforming(f"{case}: dedupe keys are {keys}")


def check_damaged_request_is_a_bad_payload(subject: Subject, case: InboundCase) -> None:
    """Each value of a JSON body swapped for another in turn, queries that nobody can read, then Hypothesis' own damage
    to all of the request."""
    plugin = subject.receiving()
    examples = EXAMPLES
    for request in unread_queries(case.request):
        _survives(plugin, request, case)
    for request in swapped_bodies(case.request):
        _survives(plugin, request, case)
        examples = EXAMPLES_BESIDE

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(damaged_requests(case.request))
    def damage(request: Request) -> None:
        _survives(plugin, request, case)

    damage()


def check_hostile_values_are_survived(subject: Subject, case: InboundCase) -> None:
    """Each field in turn says what nobody thought of. `TEST_MUTATIONS` in the environment says how many are tried."""
    plugin = subject.receiving()
    for request in hostile_requests(case.request, HOSTILE):
        began = thread_time()
        _survives(plugin, request, case)
        if thread_time() - began > SECONDS:
            raise Nonconforming(f"{case}: more than {SECONDS} s to read {_shown(request)}")


def check_answers_let_the_provider_know(subject: Subject, case: InboundCase) -> None:
    """Success for what needs no second delivery, failure for what does.

    Whoever must answer within a time may have to answer well what is not stored yet, and asks again in other words.
    """
    plugin = subject.receiving()
    hurried = plugin.info.answers_within is not None
    undone = {Outcome.OVERLOADED, Outcome.LATE}
    for outcome in Outcome:
        if outcome is Outcome.LATE and not hurried:
            continue  # nobody is told so who waits for the commit
        status = plugin.respond(case.request, outcome).status
        if outcome in undone and hurried and status < 400:
            continue
        if (outcome in undone) != (status >= 400):
            raise Nonconforming(f"{case}: the provider hears {status} for {outcome}")


def check_simulated_message_is_genuine(subject: Subject) -> None:
    simulator = subject.simulated()
    wire = simulator.genuine(simulator.message(text="how are you?"))
    # It is signed now, and some providers sign the time.
    request = as_request(wire, subject.fixtures.url, datetime.now(UTC))
    plugin = subject.receiving()
    try:
        plugin.verify(request)
        items = list(plugin.parse(plugin.kept(request)))
    except (BadSignature, BadPayload) as error:
        raise Nonconforming(f"the simulator's message is refused: {error!r}") from error
    comes = subject.plugin.info.capability.inbound
    writes = bool(comes & {"message_received", "call_changed"})  # else nobody writes here, but is heard of
    said = [item.text for item in items if isinstance(item, MessageReceived)]
    said += [item.transcript for item in items if isinstance(item, CallChanged) and item.transcript]
    if len(said) != writes or not all("how are you?" in words for words in said):  # a review says its stars, too
        raise Nonconforming(f"the simulator's message is parsed to {items}")
    if not items or any(isinstance(item, Unreadable) for item in items):
        raise Nonconforming(f"the simulator's message is parsed to {items}")


def _survives(plugin: Plugin[Any], request: Request, case: InboundCase) -> None:
    # Damaged requests are parsed whether or not they verify: a provider signs its own mistakes too.
    kept = request
    try:
        with suppress(BadSignature):
            plugin.verify(request)
            kept = plugin.kept(request)
    except Exception as error:
        raise Nonconforming(f"{case}: verify or kept raised {type(error).__name__} for {_shown(request)}") from error
    for outcome in Outcome:
        _answers(plugin, request, case, outcome)
    try:
        items = list(plugin.parse(kept))
        msgspec.json.encode(items)
    except BadPayload:
        return
    except Exception as error:
        raise Nonconforming(f"{case}: parse raised {type(error).__name__} for {_shown(request)}") from error
    strange = [item for item in items if not isinstance(item, ITEMS)]
    if strange:
        raise Nonconforming(f"{case}: parse gave {strange} for {_shown(request)}")
    if not all(item.key for item in items):
        raise Nonconforming(f"{case}: an item without a key, for {_shown(request)}")


def _answers(plugin: Plugin[Any], request: Request, case: InboundCase, outcome: Outcome) -> None:
    try:
        plugin.respond(request, outcome)
    except Exception as error:
        raise Nonconforming(f"{case}: respond raised {type(error).__name__} for {_shown(request)}") from error


def _shown(request: Request) -> str:
    return "".join(_lines(request))


def _lines(request: Request) -> Iterator[str]:
    yield f"{request.method} {request.url}\n"
    yield from (f"{name}: {value}\n" for name, value in request.headers.items())
    yield f"{request.body[:1000]!r} ({len(request.body)} octets)"
