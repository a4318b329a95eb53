"""A recorded world: repeats the evidence of a run, so that a row can be judged again without the SUT."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from harness.errors import HarnessError
from harness.model import AuditRecord, Datum, Exchange, Receive, Send, Trigger, TriggerOutcome
from harness.runner._plan import Row

type Evidence = Exchange | TriggerOutcome | AuditRecord
"""A piece of evidence of a row."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedWorld:
    """Evidence of one row by step path; `after` holds what no step asked for, in order."""

    def __init__(self, evidence: Mapping[str, tuple[Evidence, ...]]) -> None:
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

    async def leftovers(self, row: Row, *, last: bool) -> tuple[Exchange, ...]:
        items = self._left.pop("after", [])
        self._left["after"] = [item for item in items if isinstance(item, AuditRecord)]
        return tuple(item for item in items if isinstance(item, Exchange))

    async def audits(
        self, row: Row, path: str, within_s: float, wanted: Callable[[AuditRecord], bool]
    ) -> tuple[AuditRecord, ...]:
        items = self._left.get(path, [])
        taken = tuple(item for item in items if isinstance(item, AuditRecord))
        self._left[path] = [item for item in items if not isinstance(item, AuditRecord)]
        return taken

    def _take(self, path: str) -> Evidence | None:
        items = self._left.get(path)
        return items.pop(0) if items else None
