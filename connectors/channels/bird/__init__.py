"""SMS through Bird's platform: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Bird = plugin_of(__name__, __file__)
