"""Everything the kit asks of a plugin, for WhatsApp; and for the other channels everything that is theirs."""

import pytest
from vonage_account import HOME

from connectors.channels.vonage import Vonage
from connectors.channels.vonage.channels import CHANNELS
from connectors.channels.vonage.simulator import Simulator
from connectors.kit.testing import conformance, finished
from connectors.kit.testing.subject import Subject
from connectors.kit.testing.suite import CHECKS


class TestVonage(conformance(Vonage, HOME / "fixtures", Simulator)):
    """WhatsApp, which has most."""


OTHERS = {folder.name: Subject.of(Vonage, folder, Simulator) for folder in sorted(HOME.glob("fixtures_*"))}
TRIALS = [
    pytest.param(check.run, trial, id=f"{name}-{check.name}-{trial[-1] if len(trial) > 1 else ''}")
    for name, subject in OTHERS.items()
    for check in CHECKS
    if check.run is not finished.check_quality_says_what_is_so  # it is said of the plugin as a whole
    for trial in check.trials(subject)
]


@pytest.mark.parametrize(("check", "trial"), TRIALS)
def test_another_channel_conforms(check, trial):
    check(*trial)


def test_every_channel_has_fixtures():
    whatsapp = Subject.of(Vonage, HOME / "fixtures", Simulator)
    told = [subject.fixtures.config["channel"] for subject in (whatsapp, *OTHERS.values())]
    assert sorted(told) == sorted(CHANNELS)
    assert {subject.info.channel for subject in OTHERS.values()} == {"mms", "messenger", "rcs", "sms", "viber"}
