"""One viewer, from the handshake of its socket, or its HTTP request, to its end."""
