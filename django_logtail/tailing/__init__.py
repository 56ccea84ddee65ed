"""Follow files without losing a byte. Pure: knows no Django, no Redis, and no clock that it was not given."""

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
