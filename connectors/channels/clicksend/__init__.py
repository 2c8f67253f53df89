"""SMS through ClickSend: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

ClickSend = plugin_of(__name__, __file__)
