"""What the operator's own app tells the hub: who its users are (signed tokens), and which devices they have.

The chat and the channels of notifications take the same tokens, so that a device is known to be a chat user's.
"""
