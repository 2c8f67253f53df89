"""Mail that comes in by SMTP and LMTP (docs/adr/0011-listeners.md)."""
