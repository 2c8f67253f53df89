"""The running hub: HTTP in, store, feed, sending, API, command line."""
