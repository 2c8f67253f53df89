"""SMS through a Kannel gateway: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Kannel = plugin_of(__name__, __file__)
