"""Channels as data: a plugin's class made of a `channel.yaml`, for providers that need no code of their own.

    from connectors.kit.declared import plugin_of

    Acme = plugin_of(__name__, __file__)

stands in the folder's `__init__.py`, and in its `simulator.py` `Simulator = simulator_of(Acme)` by
`connectors.kit.declared.simulator`. docs/explanation/declared-channels.md explains the language.
"""

from connectors.kit.declared.document import DeclarationError
from connectors.kit.declared.plugin import Declared, plugin_of

__all__ = ["DeclarationError", "Declared", "plugin_of"]
