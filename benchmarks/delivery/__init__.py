"""The whole path, from a write to a WebSocket frame, compared with other designs in one run."""
