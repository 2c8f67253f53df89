"""Which case the suite tries failures with."""

from dataclasses import replace
from pathlib import Path

import pigeon
import pytest
from pigeon import Pigeon
from pigeon.simulator import Simulator

from connectors.kit.fixtures import WireRequest
from connectors.kit.testing.subject import Nonconforming, Subject

KEY = WireRequest("POST", "/key", {}, b"")
SEND = WireRequest("POST", "/letters", {}, b"")


class Keyed(Simulator):
    """Wants a key fetched before the first letter."""

    def is_send(self, request: WireRequest) -> bool:
        return request.path == "/letters"


def with_wires(*wires: tuple[WireRequest, ...]) -> Subject:
    subject = Subject.of(Pigeon, Path(pigeon.__file__).parent / "fixtures", Keyed)
    case = next(case for case in subject.fixtures.outbound if case.ability == "send")
    outbound = tuple(replace(case, name=str(n), wire=wire) for n, wire in enumerate(wires))
    return replace(subject, fixtures=replace(subject.fixtures, outbound=outbound))


def test_a_key_asked_for_first_is_not_counted() -> None:
    assert with_wires((KEY,), (SEND, SEND), (KEY, SEND)).plain_send().name == "2"


def test_without_a_case_that_sends_once_there_is_nothing_to_try() -> None:
    with pytest.raises(Nonconforming, match="no outbound fixture"):
        with_wires((KEY,), (SEND, SEND)).plain_send()
