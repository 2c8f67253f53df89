"""The store: tables, the engine, and the one writer through which every change is committed."""
