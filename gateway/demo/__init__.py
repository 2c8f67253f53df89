"""The demonstration: a hub between simulated providers, and a customer who writes on every channel."""
