"""SMS through a Jasmin gateway: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Jasmin = plugin_of(__name__, __file__)
