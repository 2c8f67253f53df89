"""SMS through Start Mobile: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

StartMobile = plugin_of(__name__, __file__)
