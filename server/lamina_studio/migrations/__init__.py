"""Database migrations (Alembic), run at start-up."""
