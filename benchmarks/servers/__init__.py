"""What ASGI servers take to send a frame, without anything of django-logtail: the floor for `benchmarks.delivery`."""
