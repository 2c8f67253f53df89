"""SMS through Zenvia: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

ZenviaSms = plugin_of(__name__, __file__)
