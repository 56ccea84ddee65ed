"""Helps people to register logs: finds files that may be logs, names them, and makes their rows."""
