"""A recorded world: repeats the evidence of a run, so that a row can be judged again without the SUT."""

from collections.abc import Mapping
from datetime import UTC, datetime

from harness.errors import HarnessError
from harness.model import Datum, Exchange, Receive, Send, Trigger, TriggerOutcome
from harness.runner._plan import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedWorld:
    """Evidence of one row by step path; `after` holds what no step asked for, in order."""

    def __init__(self, evidence: Mapping[str, tuple[Exchange | TriggerOutcome, ...]]) -> None:
        self._left = {path: list(items) for path, items in evidence.items()}
        self._at = min(
            (item.started_at for items in evidence.values() for item in items if isinstance(item, Exchange)),
            default=EPOCH,
        )

    def now(self) -> datetime:
        return self._at

    async def send(self, row: Row, step: Send, arguments: Mapping[str, Datum]) -> Exchange:
        found = self._take(step.path)
        if not isinstance(found, Exchange):
            raise HarnessError(f"row {row.id}, step {step.path}: the recording holds no exchange for it")
        return found

    async def receive(self, row: Row, step: Receive, arguments: Mapping[str, Datum]) -> Exchange | None:
        found = self._take(step.path)
        return found if isinstance(found, Exchange) else None

    async def trigger(self, row: Row, step: Trigger, arguments: Mapping[str, Datum]) -> TriggerOutcome:
        found = self._take(step.path)
        if not isinstance(found, TriggerOutcome):
            raise HarnessError(f"row {row.id}, step {step.path}: the recording holds no trigger outcome for it")
        return found

    async def leftovers(self, row: Row) -> tuple[Exchange, ...]:
        items = self._left.pop("after", [])
        return tuple(item for item in items if isinstance(item, Exchange))

    def _take(self, path: str) -> Exchange | TriggerOutcome | None:
        items = self._left.get(path)
        return items.pop(0) if items else None
