"""One viewer, from its WebSocket handshake or HTTP request to its end."""
