"""Worker processes for the Schematron engines: started when first needed, restarted when they die, killed when too slow."""

import io
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.validators.schematron._rewrite import Parameter
from harness.validators.schematron._worker import HEAD, Message, message_of, write_frame

_WORKER = Path(__file__).with_name("_worker.py")
# run as a file, not imported as a module: the package around it takes longer to import than Saxon to start
_START = (
    f"import runpy, sys; sys.path.insert(0, {str(_WORKER.parents[3])!r}); "
    f"runpy.run_path({str(_WORKER)!r}, run_name='__main__')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSheet:
    """What a worker compiles once, under `key`: the text, and what its parameters are computed from (below `base`)."""

    key: str
    xslt: str
    base: str
    parameters: tuple[Parameter, ...]


class WorkerDied(HarnessError):
    """The engine's process ended or was ended; what it was asked has no answer."""


class EngineRefused(HarnessError):
    """The engine answered that it cannot do it: a style sheet that does not compile, a rule that stops with an error."""


class Worker:
    """One engine process; not for use by two threads at a time."""

    def __init__(self, *, run_timeout_s: float, compile_timeout_s: float) -> None:
        self._run_timeout_s = run_timeout_s
        self._compile_timeout_s = compile_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._known: set[str] = set()

    @property
    def pid(self) -> int | None:
        """Process id while the worker runs."""
        return self._process.pid if self._process else None

    def run(self, sheet: StyleSheet, text: str, folder: str = "") -> str:
        """The compact result of `sheet` over the document `text`; subordinate documents are read below `folder`, a URI.

        Raises:
            WorkerDied: the process ended, or took longer than allowed and was ended.
            EngineRefused: the style sheet does not compile or stops with a dynamic error.
        """
        self.compile(sheet)
        request = {"do": "run", "key": sheet.key, "text": text, "folder": folder}
        return str(self._ask(request, self._run_timeout_s)["text"])

    def compile(self, sheet: StyleSheet) -> None:
        """Makes `sheet` ready in this process, once.

        Raises:
            WorkerDied, EngineRefused: as for `run`.
        """
        if sheet.key in self._known:
            return
        parameters = [[p.name, sheet.base + p.file, p.select, *p.parts] for p in sheet.parameters]
        request = {"do": "compile", "key": sheet.key, "xslt": sheet.xslt, "parameters": parameters}
        self._ask(request, self._compile_timeout_s)
        self._known.add(sheet.key)

    def forget(self, key: str) -> None:
        """Lets the process drop the style sheet `key`, which nobody will ask for again."""
        if key in self._known:
            self._known.discard(key)
            self._ask({"do": "forget", "key": key}, self._run_timeout_s)

    def ask(self, request: Mapping[str, object]) -> Message:
        """The answer to any other request.

        Raises:
            WorkerDied, EngineRefused: as for `run`.
        """
        return self._ask(request, self._run_timeout_s)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        self._known.clear()
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):  # what was still to be written to a process that is gone
                        stream.close()

    def _ask(self, request: Mapping[str, object], timeout_s: float) -> Message:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            write_frame(process.stdin, request)  # type: ignore[arg-type]
            answer = self._answer(process, time.monotonic() + timeout_s)
        except (BrokenPipeError, EOFError) as exc:
            code = process.poll()
            self.close()
            raise WorkerDied(f"the engine's process ended (status {code})") from exc
        except TimeoutError as exc:
            self.close()
            raise WorkerDied(f"the engine gave no answer within {timeout_s:g} s and was ended") from exc
        if not answer["ok"]:
            raise EngineRefused(str(answer["error"]))
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], deadline: float) -> Message:
        data, text = HEAD.unpack(self._read(process, HEAD.size, deadline))
        return message_of(self._read(process, data, deadline), self._read(process, text, deadline))

    def _read(self, process: subprocess.Popen[bytes], count: int, deadline: float) -> bytes:
        stream = process.stdout
        assert isinstance(stream, io.BufferedReader)
        raw = stream.raw
        chunks: list[bytes] = []
        while count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([raw], [], [], left)[0]:
                raise TimeoutError
            chunk = raw.read(min(count, 1 << 20))
            if not chunk:
                raise EOFError
            chunks.append(chunk)
            count -= len(chunk)
        return b"".join(chunks)


class Pool:
    """`size` workers that threads borrow one at a time; nothing is started before it is needed."""

    def __init__(self, size: int, *, run_timeout_s: float = 60.0, compile_timeout_s: float = 300.0) -> None:
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._workers = tuple(
            Worker(run_timeout_s=run_timeout_s, compile_timeout_s=compile_timeout_s) for _ in range(max(size, 1))
        )
        for worker in self._workers:
            self._idle.put(worker)
        self._closed = threading.Event()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        return tuple(pid for w in self._workers if (pid := w.pid) is not None)

    def borrow(self) -> Worker:
        """A worker for the caller alone, until `give_back`; waits for one."""
        if self._closed.is_set():
            raise RuntimeError("the validator is closed")
        return self._idle.get()

    def give_back(self, worker: Worker) -> None:
        """Returns a borrowed worker."""
        self._idle.put(worker)

    def close(self) -> None:
        """Ends all processes; to be called when no thread validates any more."""
        self._closed.set()
        for worker in self._workers:
            worker.close()
