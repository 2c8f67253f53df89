"""SMS through Plivo: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Plivo = plugin_of(__name__, __file__)
