"""SMS through Macrokiosk: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Macrokiosk = plugin_of(__name__, __file__)
