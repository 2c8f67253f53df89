"""The conformance suite: every promise of the contract, tried on a plugin, its fixtures and its simulator.

    from connectors.kit.testing import conformance

    class TestTelegram(conformance(Telegram, FIXTURES, Simulator)): ...

`CHECKS` lists what is tried; each is a plain function that raises `Nonconforming`, and can be called without pytest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.base import Plugin
from connectors.kit.chat import Chats
from connectors.kit.testing import finished, receiving, secrecy, sending, shape
from connectors.kit.testing.simulator import Failure, LoopbackSimulator
from connectors.kit.testing.subject import Nonconforming, Subject


@dataclass(frozen=True)
class Check:
    """One promise; `cases` says over what it is tried one by one, None for once."""

    run: Callable[..., None]
    cases: Callable[[Subject], Sequence[Any]] | None = None
    asks_provider: bool = False
    """It is about a provider's answers: not asked of a plugin whose provider is the hub itself."""

    @property
    def name(self) -> str:
        return self.run.__name__.removeprefix("check_")

    def trials(self, subject: Subject) -> list[tuple[Any, ...]]:
        """The arguments of `run`, one tuple a trial. Raises Nonconforming where there is nothing to try it on."""
        if self.cases is None:
            return [(subject,)]
        cases = [(subject, case) for case in self.cases(subject)]
        if not cases:
            raise Nonconforming(f"{self.name}: nothing to try it on")
        return cases


def _inbound(subject: Subject) -> Sequence[Any]:
    return subject.fixtures.inbound


def _outbound(subject: Subject) -> Sequence[Any]:
    return subject.fixtures.outbound


def _mutators(subject: Subject) -> Sequence[Any]:
    return sorted(subject.simulator.mutators)


def _failures(_subject: Subject) -> Sequence[Any]:
    return list(Failure)


CHECKS: tuple[Check, ...] = (
    Check(shape.check_folder_is_named_after_the_plugin),
    Check(shape.check_readme_has_its_sections),
    Check(shape.check_configuration_has_a_schema),
    Check(shape.check_fixture_secrets_can_be_searched_for),
    Check(shape.check_every_capability_has_a_fixture),
    Check(shape.check_every_fixture_has_a_capability),
    Check(shape.check_fixtures_show_what_they_claim),
    Check(finished.check_quality_says_what_is_so),
    Check(receiving.check_genuine_request_verifies, _inbound),
    Check(receiving.check_forgeries_are_declared),
    Check(receiving.check_forged_request_is_refused, _mutators),
    Check(receiving.check_request_becomes_what_is_expected, _inbound),
    Check(receiving.check_what_is_kept_proves_nothing, _inbound),
    Check(receiving.check_parsing_twice_is_equal, _inbound),
    Check(receiving.check_items_have_distinct_keys, _inbound),
    Check(receiving.check_damaged_request_is_a_bad_payload, _inbound),
    Check(receiving.check_hostile_values_are_survived, _inbound),
    Check(receiving.check_answers_let_the_provider_know, _inbound),
    Check(receiving.check_simulated_message_is_genuine),
    Check(sending.check_outbound_gives_the_wire_request, _outbound),
    Check(sending.check_failure_has_the_right_name, _failures, asks_provider=True),
    Check(sending.check_nobody_listening_is_temporary, asks_provider=True),
    Check(secrecy.check_no_secret_shows),
)


def conformance(plugin: type[Plugin[Any]], fixtures: Path, simulator: type[LoopbackSimulator]) -> Any:
    """The test class of a plugin. Raises FixtureError, and Nonconforming where there are no fixtures to try."""
    subject = Subject.of(plugin, fixtures, simulator)
    asked = [check for check in CHECKS if not (check.asks_provider and issubclass(plugin, Chats))]
    tests = {f"test_{check.name}": _test(check, subject) for check in asked}
    return type("Conformance", (), tests)


def _test(check: Check, subject: Subject) -> Callable[..., None]:
    trials = check.trials(subject)

    def test(_self: Any, trial: tuple[Any, ...]) -> None:
        check.run(*trial)

    marked: Callable[..., None] = pytest.mark.parametrize("trial", trials, ids=_ids(trials))(test)
    return marked


def _ids(trials: Iterable[tuple[Any, ...]]) -> list[str]:
    return ["-".join(map(str, trial[1:])) or "once" for trial in trials]
