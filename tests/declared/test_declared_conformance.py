"""The whole suite over every declared channel: its file, its fixtures, and the simulator that the file drives."""

from importlib import import_module

from declared_channels import DECLARED, FOLDERS

from connectors.kit import registry
from connectors.kit.testing import conformance


def suite(name):
    plugin = registry.load(name)
    simulator = import_module(f"{plugin.__module__}.simulator").Simulator
    return conformance(plugin, FOLDERS[name] / "fixtures", simulator)


globals().update({f"Test{name.capitalize()}": suite(name) for name in DECLARED})


def test_there_are_declared_channels():
    assert "infobip" in DECLARED
