"""SMS through Mtarget: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Mtarget = plugin_of(__name__, __file__)
