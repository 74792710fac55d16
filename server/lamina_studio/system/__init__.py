"""Health, readiness and metrics of the server itself."""
