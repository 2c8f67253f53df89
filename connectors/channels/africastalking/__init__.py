"""SMS through Africa's Talking: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

AfricasTalking = plugin_of(__name__, __file__)
