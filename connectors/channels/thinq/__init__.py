"""SMS through ThinQ (Commio): all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

ThinQ = plugin_of(__name__, __file__)
