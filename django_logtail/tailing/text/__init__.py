"""The text of a file: lines, encodings, and what is sought in it."""
