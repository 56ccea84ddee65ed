"""Follow files without losing a byte. Pure: independent of Django and Redis; the caller passes the time."""

from django_logtail.place import Place
from django_logtail.tailing.events import (
    Batch,
    Event,
    FromEnd,
    FromStart,
    Item,
    Kind,
    LastLines,
    Resume,
    Start,
)
from django_logtail.tailing.follower import Follower
from django_logtail.tailing.followers import FollowerSet

__all__ = [
    "Batch",
    "Event",
    "Follower",
    "FollowerSet",
    "FromEnd",
    "FromStart",
    "Item",
    "Kind",
    "LastLines",
    "Place",
    "Resume",
    "Start",
]
