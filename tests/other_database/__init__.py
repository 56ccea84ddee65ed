"""A project that has an empty default database, and its routers have everything in another."""
