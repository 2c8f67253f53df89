"""SMS through Sinch's SMS API: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Sinch = plugin_of(__name__, __file__)
