"""SMS through Telnyx: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Telnyx = plugin_of(__name__, __file__)
