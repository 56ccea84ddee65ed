"""The whole path, from a write to a WebSocket frame, side by side with other designs in one run."""
