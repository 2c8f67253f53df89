"""WhatsApp through Kaleyra: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

Kaleyra = plugin_of(__name__, __file__)
