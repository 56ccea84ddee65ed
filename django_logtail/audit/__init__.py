"""The record of who read what: viewings and what was done in them, without any text of a log."""
