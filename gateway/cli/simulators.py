"""A plugin's simulator, found beside the plugin: the provider, on this machine."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.output import Exit, Failure

if TYPE_CHECKING:
    from connectors.kit.base import Plugin
    from connectors.kit.testing.simulator import LoopbackSimulator


def package_of(kind: "type[Plugin[Any]]") -> str:
    """The plugin's package, whether its class stands in the package itself or in a module of it."""
    module = import_module(kind.__module__)
    return kind.__module__ if hasattr(module, "__path__") else kind.__module__.rpartition(".")[0]


def simulator_of(kind: "type[Plugin[Any]]") -> "type[LoopbackSimulator]":
    """The class `Simulator` of the plugin's `simulator.py`. Raises Failure where there is none that runs here."""
    from connectors.kit.testing.simulator import LoopbackSimulator

    name = f"{package_of(kind)}.simulator"
    try:
        found = getattr(import_module(name), "Simulator", None)
    except ModuleNotFoundError as error:
        what = "has no simulator" if error.name == name else f"needs {error.name} for its simulator"
        raise Failure(f"the plugin {kind.info.name} {what}", Exit.USAGE) from error
    if not (isinstance(found, type) and issubclass(found, LoopbackSimulator)):
        raise Failure(f"the plugin {kind.info.name} has no class Simulator in {name}", Exit.USAGE)
    return found


def fixture_of(kind: "type[Plugin[Any]]", name: str) -> bytes:
    """The body of a recorded webhook of the plugin. Raises Failure."""
    from connectors.kit.fixtures import FixtureError, read_request
    from gateway.settings.problems import nearest

    folder = Path(inspect.getfile(kind)).parent / "fixtures" / "inbound"
    known = {path.stem: path for path in sorted(folder.glob("*.http"))}
    if name not in known:
        meant = nearest(name, known)
        hint = f'; did you mean "{meant}"?' if meant else ""
        raise Failure(f'the plugin {kind.info.name} has no fixture "{name}"{hint}', Exit.USAGE)
    try:
        return read_request(known[name].read_bytes()).body
    except FixtureError as error:
        raise Failure(f"{known[name]}: {error}") from error
