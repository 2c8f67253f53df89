"""The pure domain of onethread: model, addresses, identity and conversation rules, rendering, status.

Nothing here does I/O, reads a clock or draws randomness: whoever calls passes times and ids in.
"""
