"""SMS through i2SMS: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

I2Sms = plugin_of(__name__, __file__)
