"""What the admin shows and asks about logs beside their rows: facts of the list, and the form for people."""
