"""What Meta's channels share: the signature and handshake of their webhooks, their batches, times and errors, the Graph
API. Messenger and Instagram also share `messaging`.

Source: developers.facebook.com/docs/graph-api (webhooks, handling errors), pages as read in 2026-11.
"""
