from typing import Any


class Everything:
    """In "core"."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "core"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "core"

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "core"
