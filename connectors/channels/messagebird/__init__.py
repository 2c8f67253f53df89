"""SMS through MessageBird: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

MessageBird = plugin_of(__name__, __file__)
