"""Attacks on the promises of `docs/explanation/promises.md`: each test tries to break one."""
