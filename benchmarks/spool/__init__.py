"""How long logging takes with `SpoolHandler`; see `__main__`."""
