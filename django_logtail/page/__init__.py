"""What the page gets: its configuration, its texts, and the size of each log."""
