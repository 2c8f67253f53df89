"""Backups: one state of the store and the files it names as a portable archive, and a store made of one again."""
