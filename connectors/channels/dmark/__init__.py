"""SMS through DMark Mobile: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

DMark = plugin_of(__name__, __file__)
