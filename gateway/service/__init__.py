"""The service clock: who is there, until when an answer is due, what the customer is told by itself, emergencies."""

from gateway.service.now import ServiceNow, service_now

__all__ = ["ServiceNow", "service_now"]
