"""The suite bites: each way to spoil Pigeon fails the check made for it, on the fixtures it concerns."""

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import thread_time
from typing import Any

import msgspec
import pigeon
import pytest
from pigeon import DELIVERY, Pigeon, signature
from pigeon.simulator import Simulator

from connectors.kit.base import Outcome
from connectors.kit.config import PluginConfig
from connectors.kit.errors import KitError, OutcomeUnknown, Temporary, Unreachable
from connectors.kit.request import Response
from connectors.kit.secret import Secret
from connectors.kit.testing.receiving import SECONDS
from connectors.kit.testing.simulator import Failure
from connectors.kit.testing.subject import Nonconforming, Subject
from connectors.kit.testing.suite import CHECKS
from normalizer.inbound import Unreadable

FIXTURES = Path(pigeon.__file__).parent / "fixtures"
SOUND = replace(Subject.of(Pigeon, FIXTURES, Simulator), longest=0.2)
EVERY_LETTER = {"answer", "letter", "several"}
EVERY_REQUEST = {"answer", "farewell", "letter", "several"}
ONCE: set[str] = {"once"}


def failed(subject: Subject, name: str) -> set[str]:
    """On which trials the check of this name fails."""
    check = next(check for check in CHECKS if check.name == name)
    refused = set()
    for trial in check.trials(subject):
        try:
            check.run(*trial)
        except Nonconforming:
            refused.add(str(trial[1]) if trial[1:] else "once")
    return refused


def spoilt(**members: Any) -> Subject:
    """Pigeon with other members, still claiming to live where Pigeon lives."""
    kind = type("Pigeon", (Pigeon,), {"__module__": Pigeon.__module__, **members})
    return replace(SOUND, plugin=kind)


def capable(**changes: Any) -> Subject:
    return spoilt(info=replace(Pigeon.info, capability=msgspec.structs.replace(Pigeon.info.capability, **changes)))


# --- receiving ------------------------------------------------------------------------------------------------------


def verify_nothing(self, request):
    return None


def verify_without_time(self, request):
    Pigeon.verify(self, replace(request, headers={**request.headers, "x-pigeon-time": "1795262400"}))


def verify_prefix(self, request):
    wanted = signature(self.config.webhook_secret, request.headers.get("x-pigeon-time", ""), request.body)
    if not wanted.startswith(request.headers.get("x-pigeon-signature", "?")):
        raise pigeon.BadSignature


def verify_with_a_crash(self, request):
    if request.headers["x-pigeon-signature"] == "":
        raise pigeon.BadSignature


def verify_with_a_query(self, request):
    dict(request.query)
    Pigeon.verify(self, request)


numbers = count()


def parse_with_a_counter(self, request):
    return [msgspec.structs.replace(item, key=f"{next(numbers)}") for item in Pigeon.parse(self, request)]


def keep_with_the_secret(self, request):
    return replace(request, body=request.body + self.config.webhook_secret.reveal().encode())


def keep_nothing(self, request):
    return replace(request, body=b"{}")


def parse_with_one_key(self, request):
    return [msgspec.structs.replace(item, key="same") for item in Pigeon.parse(self, request)]


def parse_without_a_key(self, request):
    return [msgspec.structs.replace(item, key="") for item in Pigeon.parse(self, request)]


def verify_with_the_query(self, request):
    Pigeon.verify(self, replace(request, headers={**request.headers, "x-pigeon-loft": str(request.query)}))


def respond_with_the_query(self, request, outcome):
    return Response(200 if request.query is not None else 503)


def parse_slowly(self, request):
    end = thread_time() + SECONDS
    while thread_time() < end:
        pass
    return Pigeon.parse(self, request)


def parse_dropping(self, request):
    return [item for item in Pigeon.parse(self, request) if not isinstance(item, Unreadable)]


def parse_trusting(self, request):
    DELIVERY.decode(request.body)
    return Pigeon.parse(self, request)


def respond_well_always(self, request, outcome):
    return Response(200)


def respond_badly_to_duplicates(self, request, outcome):
    return Response(
        409 if outcome is Outcome.DUPLICATE else 503 if outcome in (Outcome.OVERLOADED, Outcome.LATE) else 200
    )


@pytest.mark.parametrize(
    ("members", "check", "trials"),
    [
        ({"verify": verify_nothing}, "forged_request_is_refused", set(Simulator.mutators)),
        ({"verify": verify_without_time}, "forged_request_is_refused", {"time changed", "time dropped"}),
        ({"verify": verify_prefix}, "forged_request_is_refused", {"signature cut"}),
        ({"verify": verify_with_a_crash}, "damaged_request_is_a_bad_payload", EVERY_REQUEST),
        ({"verify": verify_with_a_query}, "damaged_request_is_a_bad_payload", EVERY_REQUEST),
        ({"parse": parse_with_a_counter}, "parsing_twice_is_equal", EVERY_REQUEST),
        ({"kept": keep_with_the_secret}, "what_is_kept_proves_nothing", EVERY_REQUEST),
        ({"kept": keep_nothing}, "request_becomes_what_is_expected", EVERY_REQUEST),
        ({"parse": parse_with_one_key}, "items_have_distinct_keys", {"several"}),
        ({"parse": parse_dropping}, "request_becomes_what_is_expected", {"several"}),
        ({"parse": parse_trusting}, "damaged_request_is_a_bad_payload", EVERY_REQUEST),
        ({"parse": parse_without_a_key}, "hostile_values_are_survived", EVERY_REQUEST),
        ({"parse": parse_slowly}, "hostile_values_are_survived", EVERY_REQUEST),
        ({"verify": verify_with_the_query}, "hostile_values_are_survived", EVERY_REQUEST),
        ({"respond": respond_with_the_query}, "hostile_values_are_survived", EVERY_REQUEST),
        ({"respond": respond_well_always}, "answers_let_the_provider_know", EVERY_REQUEST),
        ({"respond": respond_badly_to_duplicates}, "answers_let_the_provider_know", EVERY_REQUEST),
    ],
)
def test_spoilt_receiving_fails(members: dict[str, Any], check: str, trials: set[str]) -> None:
    assert failed(SOUND, check) == set()
    assert failed(spoilt(**members), check) == trials


# --- sending --------------------------------------------------------------------------------------------------------


async def send_without_token(self, outbound):
    return await Pigeon.send(self, replace(outbound, token=""))


async def send_again(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except OutcomeUnknown:
        return await Pigeon.send(self, outbound)


async def send_with_everything_temporary(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except KitError as error:
        raise Temporary(error.detail, retry_after=1) from error


async def send_without_patience(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except Temporary as error:
        raise Temporary(error.detail) from error


async def send_namelessly(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except KitError as error:
        raise ValueError(error.detail) from error


async def send_to_nobody(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except Temporary as error:
        raise Unreachable(error.detail) from error


WORDED = {"unauthorized", "blocked", "unreachable", "refused"}
DOUBTED = {"server_error", "hang", "reset", "lost_answer"}


@pytest.mark.parametrize(
    ("send", "check", "trials"),
    [
        (send_without_token, "outbound_gives_the_wire_request", {"answer", "text"}),
        (send_again, "failure_has_the_right_name", DOUBTED),
        (send_with_everything_temporary, "failure_has_the_right_name", WORDED | DOUBTED - {"server_error"}),
        (send_without_patience, "failure_has_the_right_name", {"rate_limited"}),
        (send_namelessly, "failure_has_the_right_name", WORDED | DOUBTED | {"rate_limited"}),
        (send_to_nobody, "nobody_listening_is_temporary", ONCE),
    ],
)
def test_spoilt_sending_fails(send: Callable[..., Any], check: str, trials: set[str]) -> None:
    assert failed(spoilt(send=send), check) == trials


def simulated(**members: Any) -> Subject:
    return replace(SOUND, simulator=type("Simulator", (Simulator,), members))


def without(*failures: Failure) -> dict[Failure, Any]:
    return {failure: reply for failure, reply in Simulator.FAILURES.items() if failure not in failures}


def test_a_failure_that_a_provider_does_not_tell_of_is_not_asked_for() -> None:
    blocked = {Failure.BLOCKED: "nobody is told"}
    assert failed(simulated(FAILURES=without(Failure.BLOCKED), LACKS=blocked), "failure_has_the_right_name") == set()
    assert failed(simulated(FAILURES=without(Failure.BLOCKED)), "failure_has_the_right_name") == {"blocked"}


def test_only_what_a_provider_need_not_tell_may_be_lacking() -> None:
    both = simulated(LACKS={Failure.BLOCKED: "and yet it stands in the table"})
    assert failed(both, "failure_has_the_right_name") == {"blocked"}
    every = simulated(FAILURES=without(Failure.RATE_LIMITED), LACKS={Failure.RATE_LIMITED: "it never is"})
    assert failed(every, "failure_has_the_right_name") == {"rate_limited"}


def test_a_lost_external_id_fails() -> None:
    async def send(self, outbound):
        return replace(await Pigeon.send(self, outbound), external_ids=())

    assert failed(spoilt(send=send), "outbound_gives_the_wire_request") == {"answer", "picture", "text"}


# --- secrets --------------------------------------------------------------------------------------------------------


def show_in_repr(self):
    return f"Pigeon({self.config.api_key.reveal()})"


def verify_telling(self, request):
    try:
        Pigeon.verify(self, request)
    except pigeon.BadSignature as error:
        raise pigeon.BadSignature(f"wanted {self.config.webhook_secret.reveal()}") from error


async def send_logging(self, outbound):
    logging.getLogger("pigeon").debug("with %s", self.headers())
    return await Pigeon.send(self, outbound)


async def send_telling(self, outbound):
    try:
        return await Pigeon.send(self, outbound)
    except KitError as error:
        raise type(error)(error.detail) from ValueError(f"key {self.config.api_key.reveal()}")


async def send_around_the_client(self, outbound):
    return pigeon.Sent(("P1",))


@pytest.mark.parametrize(
    "members",
    [
        {"__repr__": show_in_repr},
        {"verify": verify_telling},
        {"send": send_logging},
        {"send": send_telling},
        {"send": send_around_the_client},
    ],
    ids=lambda members: next(iter(members.values())).__name__,
)
def test_a_told_secret_fails(members: dict[str, Any]) -> None:
    assert failed(spoilt(**members), "no_secret_shows") == ONCE


# --- what is promised -----------------------------------------------------------------------------------------------


class Open(PluginConfig, frozen=True, kw_only=True):
    loft: str
    api_key: str
    webhook_secret: Secret
    api_base: str = "https://api.pigeon.example"


PROMISES: list[tuple[Subject, str]] = [
    (capable(location=True), "every_capability_has_a_fixture"),
    (capable(inbound=Pigeon.info.capability.inbound | {"message_edited"}), "every_capability_has_a_fixture"),
    (capable(edits=False), "every_fixture_has_a_capability"),
    (capable(inbound=frozenset({"message_received", "status_changed"})), "every_fixture_has_a_capability"),
    (spoilt(Config=Open), "configuration_has_a_schema"),
    (spoilt(info=replace(Pigeon.info, name="dove")), "folder_is_named_after_the_plugin"),
    (replace(SOUND, folder=FIXTURES), "readme_has_its_sections"),
    (replace(SOUND, simulator=type("Silent", (Simulator,), {"mutators": {}})), "forgeries_are_declared"),
]


@pytest.mark.parametrize(("subject", "check"), PROMISES, ids=[f"{n}-{check}" for n, (_, check) in enumerate(PROMISES)])
def test_a_broken_promise_fails(subject: Subject, check: str) -> None:
    assert failed(SOUND, check) == set()
    assert failed(subject, check) == ONCE


def test_a_false_claim_of_a_fixture_fails() -> None:
    first, *rest = SOUND.fixtures.outbound
    lying = replace(SOUND.fixtures, outbound=(replace(first, capability=frozenset({"edits"})), *rest))
    assert failed(replace(SOUND, fixtures=lying), "fixtures_show_what_they_claim") == ONCE


def test_a_mutator_that_changes_nothing_fails() -> None:
    idle = type("Idle", (Simulator,), {"mutators": {"idle": lambda request: request}})
    assert failed(replace(SOUND, simulator=idle), "forged_request_is_refused") == {"idle"}


def test_a_simulator_that_signs_otherwise_fails() -> None:
    class Forger(Simulator):
        def genuine(self, payload):
            return replace(super().genuine(payload), headers={})

    assert failed(replace(SOUND, simulator=Forger), "simulated_message_is_genuine") == ONCE


def test_where_nobody_writes_the_simulator_shows_what_else_is_heard():
    mute = capable(inbound=frozenset({"consent_changed", "status_changed"}))
    assert failed(mute, "simulated_message_is_genuine") == ONCE

    class Leaving(Simulator):
        def message(self, text="hi", sender="1001"):  # noqa: ARG002
            left = {"id": "F1", "kind": "farewell", "sent": 1795262400, "sender": sender}
            return msgspec.json.encode({"happened": [left]})

    class Silent(Simulator):
        def message(self, text="hi", sender="1001"):  # noqa: ARG002
            return b"{}"

    assert failed(replace(mute, simulator=Leaving), "simulated_message_is_genuine") == set()
    assert failed(replace(mute, simulator=Silent), "simulated_message_is_genuine") == ONCE


def test_a_plugin_without_fixtures_is_not_silently_passed() -> None:
    with pytest.raises(Nonconforming, match="nothing to try it on"):
        failed(replace(SOUND, fixtures=replace(SOUND.fixtures, inbound=())), "genuine_request_verifies")
