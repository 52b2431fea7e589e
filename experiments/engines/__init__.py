"""How trials are run: here, in processes of a pool, or many at once at an endpoint."""
