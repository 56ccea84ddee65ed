"""Follow files without losing a byte. Pure: knows no Django, no Redis, and no clock that it was not given."""
