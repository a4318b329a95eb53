"""Documents judged by several processes; results come in the order of the inputs, whichever process was faster.

Threads do not pay: reading, positions and findings are Python. Half of the time of a short series is compiling schemas, so
documents that look alike go to the same process, and another one helps only when so many wait that compiling once more
is worth it. A process that ends costs the document it had, which becomes an error, and is started again.
"""

import os
import re
import signal
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from harness.cli._validate_judge import Done, Judge, Settings, Task
from harness.errors import InputError, Problem

_PRELOADED = "harness.cli._validate_formats"
"""What each process needs: the formats, and through them everything that judges."""
AHEAD = 256
"""How many documents may be done or under way beyond the first whose result is still awaited."""
_HEAD_BYTES = 16 * 1024
_ASSUMED_START_S = 1.0
_FAREWELL_S = 2.0
_ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_CODE = re.compile(rb"<(?:[\w.-]+:)?code\s[^>]*?\bcode\s*=\s*[\"']([^\"']*)")
type _Answer = Done | tuple[Problem, ...]


class Crew:
    """Processes that judge; they start at once, so that they get ready while the packs are read. Close it.

    A crew of nobody judges in this process.
    """

    def __init__(self, size: int) -> None:
        self._slots = [_Slot(number) for number in range(size)]
        for slot in self._slots:
            slot.open()

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for slot in self._slots:
            slot.end()

    def judged(self, tasks: Sequence[Task], settings: Settings) -> Generator[Done]:
        """The results of `tasks` in order.

        Raises:
            InputError: a file cannot be read.
        """
        return self._by_processes(tasks, settings) if self._slots else _in_turn(tasks, settings)

    def _by_processes(self, tasks: Sequence[Task], settings: Settings) -> Generator[Done]:
        backlog = _Backlog(tasks)
        finished: dict[int, Done] = {}
        for number in range(len(tasks)):
            while number not in finished:
                backlog.look_ahead(number + AHEAD)
                for slot in self._slots:
                    if slot.task is None and (task := backlog.next_for(slot)) is not None:
                        slot.start(task, settings)
                for done in _answers(self._slots, backlog, settings):
                    finished[done.number] = done
            yield finished.pop(number)
        for slot in self._slots:
            slot.dismiss()
        for slot in self._slots:
            slot.join()


def _in_turn(tasks: Sequence[Task], settings: Settings) -> Generator[Done]:
    with closing(_judge(settings)) as judge:
        for task in tasks:
            yield judge(task)


def _answers(crew: Sequence["_Slot"], backlog: "_Backlog", settings: Settings) -> Iterator[Done]:
    """What the processes that are at work say next; waits for the first of them."""
    busy = {slot.connection: slot for slot in crew if slot.task is not None and slot.connection is not None}
    for connection in wait(list(busy)):
        slot = busy[connection]  # type: ignore[index]
        task, answer, seconds = slot.finish(settings)
        if isinstance(answer, tuple):
            raise InputError(answer)
        backlog.learn(task, seconds)
        yield answer


@dataclass(slots=True)
class _Group:
    """Documents that look alike: those that wait and their bytes, the processes that know their schemas, what one takes at
    first and later."""

    waiting: deque[Task] = field(default_factory=deque)
    size: int = 0
    owners: set[int] = field(default_factory=set)
    first_s: float = _ASSUMED_START_S
    later_s: float = 0.0
    judged: int = 0


class _Backlog:
    """The documents still to be judged, and who should take which."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._seen = 0
        self._groups: dict[str, _Group] = {}
        self._group_of: dict[int, str] = {}

    def look_ahead(self, to: int) -> None:
        """Take the documents up to number `to` into account."""
        for task in self._tasks[self._seen : to]:
            looks = _looks_like(task)
            self._group_of[task.number] = looks
            group = self._groups.setdefault(looks, _Group())
            group.waiting.append(task)
            group.size += _size_of(task)
        self._seen = max(self._seen, min(to, len(self._tasks)))

    def next_for(self, slot: "_Slot") -> Task | None:
        """What `slot` should judge now: of a group it knows, else of one that nobody knows, else it helps where it pays."""
        waiting = [group for group in self._groups.values() if group.waiting]
        own = [group for group in waiting if slot.number in group.owners]
        new = [group for group in waiting if not group.owners]
        worth = [group for group in waiting if len(group.waiting) * group.later_s > 2 * group.first_s]
        for choice in (own, new, worth):
            if choice:
                # what takes longest first, so that nobody is left with it at the end; what is known already, in its order
                group = (
                    min(own, key=lambda g: g.waiting[0].number) if choice is own else max(choice, key=lambda g: g.size)
                )
                group.owners.add(slot.number)
                task = group.waiting.popleft()
                group.size -= _size_of(task)
                return task
        return None

    def learn(self, task: Task, seconds: float) -> None:
        """Remember how long `task` took, to know when a second process would help with its group."""
        group = self._groups[self._group_of.pop(task.number)]
        if not group.judged:
            group.first_s = seconds
        else:
            group.later_s += (seconds - group.later_s) / group.judged
        group.judged += 1


def _size_of(task: Task) -> int:
    """How many bytes a document has, 0 where that cannot be told."""
    if task.held is not None:
        return task.held.size
    try:
        return task.path.stat().st_size
    except OSError:
        return 0


def _looks_like(task: Task) -> str:
    """A guess from the first bytes which schemas a document will need; a wrong one costs time only."""
    try:
        if task.held is not None:
            head = (task.held.content or b"")[:_HEAD_BYTES]
        else:
            with task.path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
    except OSError:
        return ""
    found = (pattern.search(head) for pattern in (_ROOT, _CODE))
    return " ".join(match.group(1).decode("latin-1") if match else "" for match in found)


class _Slot:
    """A place for one process that judges; a process that ended is replaced when there is something to judge."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.task: Task | None = None
        self.connection: Connection | None = None
        self._process: BaseProcess | None = None
        self._told = False
        self._started = 0.0

    def open(self) -> Connection:
        """Start the process."""
        # a fork of this process would copy its locks and engine pipes; one of a server that has imported everything does not,
        # and costs nothing, where each new interpreter would import it all again
        context = get_context("forkserver")
        context.set_forkserver_preload([_PRELOADED])
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.connection, self._told = ours, False
        return ours

    def start(self, task: Task, settings: Settings) -> None:
        """Have `task` judged."""
        self.task = task
        self._started = time.monotonic()
        connection = self.connection or self.open()
        with suppress(BrokenPipeError, ConnectionResetError):  # a process that has just ended: `finish` will see it
            if not self._told:
                connection.send(settings)
                self._told = True
            connection.send(task)

    def finish(self, settings: Settings) -> tuple[Task, _Answer, float]:
        """The task that was started, its result or what kept it from being read, and seconds; waits for it."""
        assert self.task is not None
        assert self.connection is not None
        task, self.task = self.task, None
        try:
            answer: _Answer = self.connection.recv()
        except (EOFError, OSError):
            status = self._status()
            self.end()
            with closing(_judge(settings)) as judge:
                answer = judge.gave_up(task, status)
        return task, answer, time.monotonic() - self._started

    def dismiss(self) -> None:
        """Let the process end by itself, since there is nothing more to judge."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def join(self) -> None:
        """Wait a little for the end of a dismissed process."""
        if self._process is not None:
            self._process.join(_FAREWELL_S)

    def end(self) -> None:
        """End the process and the engine it started, whatever they are doing."""
        process, self._process = self._process, None
        self.dismiss()
        if process is not None and process.pid is not None:
            if (
                process.exitcode != 0
            ):  # one that ended by itself ended its engine, and its number may be another's by now
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.kill()
            process.join()
            process.close()

    def _status(self) -> int | None:
        assert self._process is not None
        self._process.join(_FAREWELL_S)
        return self._process.exitcode


def _judge(settings: Settings) -> Judge:
    from harness.cli._validate_formats import FORMATS

    return Judge(settings, FORMATS[settings.format].files)


def _serve(connection: Connection) -> None:
    """The life of a process: settings, then tasks in, results out, until the other end is closed."""
    # a group of its own: an interrupt at the terminal reaches the command alone, which then ends the whole group
    os.setpgid(0, 0)
    with suppress(EOFError), closing(_judge(connection.recv())) as judge:
        while True:
            task: Task = connection.recv()
            try:
                answer: _Answer = judge(task)
            except InputError as exc:
                answer = exc.problems
            connection.send(answer)
