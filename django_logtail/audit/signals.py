"""For host projects: `recorded` is sent for each record, as it is logged."""

from django.dispatch import Signal

#: Sent with `record`, a dict of the fields that a line of the logger has. Receivers run in the recorder's thread, off
#: the event loop; what one raises is logged, and the record is kept all the same.
recorded = Signal()
