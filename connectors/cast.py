"""Who enters in the demonstration, in this order: `module:class` of each actor."""

CAST = (
    "connectors.channels.chat.actor:Visitor",
    "connectors.channels.email.actor:Writer",
    "connectors.channels.twilio_sms.actor:Texter",
    "connectors.channels.telegram.actor:Messenger",
)
