"""SMS through Clickatell's One API: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

ClickatellOne = plugin_of(__name__, __file__)
