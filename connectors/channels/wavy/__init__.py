"""SMS through Wavy: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Wavy = plugin_of(__name__, __file__)
