"""What is alive inside a web process, for tests that look for leaks."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

from django.http import HttpRequest, JsonResponse


async def inside(request: HttpRequest) -> JsonResponse:
    """Tasks of the event loop, and the package's own objects by class, once garbage is collected."""
    gc.collect()
    classes = (type(thing) for thing in gc.get_objects())
    ours = Counter(kind.__name__ for kind in classes if str(kind.__module__).startswith("django_logtail."))
    return JsonResponse({"tasks": len(asyncio.all_tasks()), "objects": ours})
