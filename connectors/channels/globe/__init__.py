"""SMS through Globe Labs: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Globe = plugin_of(__name__, __file__)
