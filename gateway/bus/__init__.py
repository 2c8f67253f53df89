"""The message bus: queues and topics over kombu. Nothing outside this package imports kombu."""
