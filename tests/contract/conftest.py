"""Both databases for every contract test that asks for ``database_url``."""

from tests.postgres import database_url, server

__all__ = ["database_url", "server"]
