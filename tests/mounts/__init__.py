"""URLconfs that mount the logs in other ordinary ways."""
