"""WhatsApp through Zenvia: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

ZenviaWhatsapp = plugin_of(__name__, __file__)
