"""SMS through Vonage's older SMS API: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

VonageSms = plugin_of(__name__, __file__)
