"""PostgreSQL: several processes write to one store, and positions are given after the commit.

docs/adr/0017-many-processes.md says how and why. Statements are put in its words by `wording`; nothing outside of the
store asks which engine it is.
"""
