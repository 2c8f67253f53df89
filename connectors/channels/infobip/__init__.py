"""SMS through Infobip: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Infobip = plugin_of(__name__, __file__)
