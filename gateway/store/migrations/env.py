"""Alembic runs migrations on the connection `gateway.store.engine.migrate` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
