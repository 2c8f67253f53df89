"""The plugins that come with onethread: one line each. Nothing is imported before it is asked for."""

from collections.abc import Mapping

BUILT_IN: Mapping[str, str] = {
    "africastalking": "connectors.channels.africastalking:AfricasTalking",
    "bandwidth": "connectors.channels.bandwidth:Bandwidth",
    "burst_sms": "connectors.channels.burst_sms:BurstSms",
    "chat": "connectors.channels.chat:Chat",
    "clickatell": "connectors.channels.clickatell:Clickatell",
    "clicksend": "connectors.channels.clicksend:ClickSend",
    "discourse": "connectors.channels.discourse:Discourse",
    "email": "connectors.channels.email:Email",
    "generic_http": "connectors.channels.generic_http:GenericHttp",
    "infobip": "connectors.channels.infobip:Infobip",
    "jasmin": "connectors.channels.jasmin:Jasmin",
    "line": "connectors.channels.line:Line",
    "mailgun": "connectors.channels.mailgun:Mailgun",
    "messagebird": "connectors.channels.messagebird:MessageBird",
    "mtarget": "connectors.channels.mtarget:Mtarget",
    "plivo": "connectors.channels.plivo:Plivo",
    "postmark": "connectors.channels.postmark:Postmark",
    "signalwire": "connectors.channels.signalwire:SignalWire",
    "sinch": "connectors.channels.sinch:Sinch",
    "sendgrid": "connectors.channels.sendgrid:SendGrid",
    "slack": "connectors.channels.slack:Slack",
    "smpp": "connectors.channels.smpp:Smpp",
    "telegram": "connectors.channels.telegram:Telegram",
    "twilio_sms": "connectors.channels.twilio_sms:TwilioSms",
    "twilio_voice": "connectors.channels.twilio_voice:TwilioVoice",
    "viber": "connectors.channels.viber:Viber",
    "wavy": "connectors.channels.wavy:Wavy",
    "vk": "connectors.channels.vk:Vk",
    "wechat": "connectors.channels.wechat:WeChat",
    "zenvia_sms": "connectors.channels.zenvia_sms:ZenviaSms",
    "zenvia_whatsapp": "connectors.channels.zenvia_whatsapp:ZenviaWhatsapp",
    "whatsapp": "connectors.channels.whatsapp:WhatsApp",
}
"""Name to `module:class`. Deleting a plugin's folder and its line here deletes the channel."""
