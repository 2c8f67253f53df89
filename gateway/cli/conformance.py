"""Running the conformance suite on an installed plugin. Needs the extra `conformance`."""

import inspect
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from connectors.kit import registry
from connectors.kit.base import Plugin
from gateway.cli.simulators import package_of

MODULE = """\
from pathlib import Path

from connectors.kit.registry import load
from connectors.kit.testing import conformance
from {package}.simulator import Simulator


class TestConformance(conformance(load({name!r}), Path({fixtures!r}), Simulator)): ...
"""
INI = "[pytest]\nfilterwarnings = error\npython_files = conformance_*.py\n"


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A promise the plugin does not keep."""

    check: str
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    plugin: str
    conforms: bool
    passed: int
    broken: tuple[Broken, ...]


def examine(name: str, *, quiet: bool) -> Result:
    """Tries every promise of the contract; unless `quiet`, pytest reports. Raises UnknownPlugin, BrokenPlugin."""
    kind = registry.load(name)
    heard = _Heard()
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "pytest.ini").write_text(INI)
        (folder / f"conformance_{name}.py").write_text(_module(name, kind))
        options = ["-p", "no:terminal"] if quiet else ["-q", "--tb=short", "--no-header"]
        options += ["-p", "no:cacheprovider", "--rootdir", made, "-c", str(folder / "pytest.ini"), made]
        code = pytest.main(options, plugins=[heard])
    return Result(plugin=name, conforms=code == pytest.ExitCode.OK, passed=heard.passed, broken=tuple(heard.broken))


def _module(name: str, kind: type[Plugin[Any]]) -> str:
    folder = Path(inspect.getfile(kind)).parent
    return MODULE.format(package=package_of(kind), name=name, fixtures=str(folder / "fixtures"))


class _Heard:
    """Listens to pytest."""

    def __init__(self) -> None:
        self.passed = 0
        self.broken: list[Broken] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed(report)
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._failed(report)

    def _failed(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = next((line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E")), "")
        self.broken.append(Broken(check=report.nodeid.rpartition("::")[2], reason=reason))
