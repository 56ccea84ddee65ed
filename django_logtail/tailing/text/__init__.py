"""The text of a file: lines, encodings, and searches."""
