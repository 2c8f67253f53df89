"""What third parties test a plugin with: the provider over loopback, and the conformance suite.

The suite needs the extra `conformance` (pytest, hypothesis); the simulator does not.
"""

from typing import Any

__all__ = ["conformance"]


def __getattr__(name: str) -> Any:
    # Imported on use, so that a simulator runs where pytest is not installed.
    if name == "conformance":
        from connectors.kit.testing.suite import conformance

        return conformance
    raise AttributeError(name)
