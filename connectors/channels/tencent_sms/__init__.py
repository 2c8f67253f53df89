"""SMS through Tencent Cloud: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

TencentSms = plugin_of(__name__, __file__)
