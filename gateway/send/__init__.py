"""Sending: commands become messages with deliveries, lanes claim them, outcomes are recorded."""
