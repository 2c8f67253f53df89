"""Subscriptions: who gets which events, and the relays that carry them there.

Each subscription moves alone: its own position, its own pace, its own trouble. An event is carried at least once, in
order within its conversation; what is not taken waits in the store, never in memory only.
"""
