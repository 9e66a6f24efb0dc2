"""The HTTP API around the engine: routes, limits on requests, and errors in sentences."""
