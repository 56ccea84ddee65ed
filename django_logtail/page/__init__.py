"""What the page is given: its settings, its texts, and how large each log is."""
