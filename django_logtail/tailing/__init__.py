"""Follow files without losing a byte. Pure: knows no Django, no Redis, and no clock that it was not given."""

from django_logtail.place import Place
from django_logtail.tailing.events import Batch, Event, Item, Kind
from django_logtail.tailing.follower import Follower
from django_logtail.tailing.followers import FollowerSet
from django_logtail.tailing.starts import FromEnd, FromStart, LastLines, Resume, Start

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
