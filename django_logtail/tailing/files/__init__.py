"""One file: how it is opened, what it is known by, and how its changes are noticed."""
