"""SMS through Burst SMS: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

BurstSms = plugin_of(__name__, __file__)
