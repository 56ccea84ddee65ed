"""`tail -F` in the browser for the log files of a Django project's own servers."""

__version__ = "0.1.0"
