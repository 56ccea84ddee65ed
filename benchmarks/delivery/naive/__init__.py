"""The design of the well-known tutorial, in Dramatiq: a task a viewer, `readline`, 0.5 s sleep, a message a line."""
