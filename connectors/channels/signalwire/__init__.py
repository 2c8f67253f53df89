"""SMS through SignalWire's compatibility API: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

SignalWire = plugin_of(__name__, __file__)
