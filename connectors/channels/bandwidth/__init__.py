"""SMS through Bandwidth: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Bandwidth = plugin_of(__name__, __file__)
