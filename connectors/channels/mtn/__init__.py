"""SMS through MTN's developer portal: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Mtn = plugin_of(__name__, __file__)
