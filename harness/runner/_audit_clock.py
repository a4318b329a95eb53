"""When the events of audit records happened by our clock, although another clock wrote them down.

A record says when its event happened, we know when it came. The least time that lay between the two so far is at most what the
clocks differ by and the way takes: an event happened no later than its own time plus that. So a clock that is wrong by
minutes does no harm, as long as it is wrong by the same all the time.
"""

from datetime import datetime, timedelta

from harness.checks import AuditView
from harness.errors import WireError
from harness.model import AuditRecord


class AuditClock:
    """Knows the records that came so far; to be told each of them once, in the order in which they came."""

    def __init__(self) -> None:
        self._least: timedelta | None = None

    def is_of_before(self, record: AuditRecord, began: datetime) -> bool:
        """Whether the event of `record` lies before `began` (aware, our clock) for certain; False when that is not known.

        A record that names its request is asked for nothing here: the request tells where it belongs.
        """
        view = AuditView(record)
        message = view.message
        if isinstance(message, WireError) or message.at is None:
            return False
        took = record.received_at - message.at
        self._least = took if self._least is None else min(self._least, took)
        # a time to the second stands for any instant within it
        latest = message.at + timedelta(seconds=0 if "." in (message.date_time or "") else 1)
        return not view.names_a_message and latest + self._least < began
