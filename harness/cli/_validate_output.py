"""Results of `harness validate` as they come: counted, and written to the terminal or into files."""

import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from rich.progress import Progress

from harness.cli._shared import cannot_write
from harness.cli._validate_formats import FORMATS, Batch
from harness.cli._validate_inputs import is_folder
from harness.cli._validate_judge import Done, Task


def counted(results: Generator[Done], batch: Batch, bar: Progress, total: int) -> Iterator[Done]:
    """`results` while they come; an interrupt ends them, so that what is done can still be written."""
    task = bar.add_task("", total=total)
    with _Interrupts() as interrupts, closing(results):
        try:
            while (done := interrupts.wait_for(results)) is not None:
                batch.verdicts[done.verdict] += 1
                bar.update(task, advance=1, description=Path(done.name).name)
                yield done
        except KeyboardInterrupt:
            batch.complete = False


class _Interrupts:
    """Holds an interrupt back while something is written, so that no output is torn; the second one is not held."""

    def __init__(self) -> None:
        self._waiting = False
        self._asked = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._noted)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def wait_for(self, results: Iterator[Done]) -> Done | None:
        """The next of `results`, None at their end.

        Raises:
            KeyboardInterrupt: the user asked to stop, now or while the last one was written.
        """
        self._waiting = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            return next(results, None)
        finally:
            self._waiting = False

    def _noted(self, *_: object) -> None:
        if self._waiting or self._asked:
            raise KeyboardInterrupt
        self._asked = True


def write(
    results: Iterator[Done], tasks: Sequence[Task], batch: Batch, files: Sequence[Path], output: Path | None
) -> None:
    """Write each of `results` of the documents in `files` as it comes: to standard output, or to `output`.

    Raises:
        InputError: a file or folder cannot be written.
    """
    form = FORMATS[batch.settings.format]
    if output is None:
        for chunk in form.whole(results, batch):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        return
    folder = is_folder(files, output)
    _made(output if folder else output.absolute().parent)
    listed: list[tuple[Done, str]] = []
    for done in results:
        page = tasks[done.number].page
        target = output / page if folder else output
        _write_one(done, target, batch, folder=folder)
        listed.append((done, page))
    if folder and form.index:
        for name, content in form.index(listed, batch):
            _put(output / name, content)


def _write_one(done: Done, target: Path, batch: Batch, *, folder: bool) -> None:
    """The files of one document: `target` with the suffix of each, or `target` itself for the first of a single one."""
    alone = Batch(packs=batch.packs, settings=batch.settings)
    alone.verdicts[done.verdict] += 1
    (suffix, _), *others = done.files
    first = target.with_name(target.name + suffix) if folder else target
    # what comes as several files is whole in each of them
    _put(first, done.files[0][1] if others else b"".join(FORMATS[batch.settings.format].whole([done], alone)))
    stem = target.name if folder else target.stem
    for suffix, content in others:
        _put(target.with_name(stem + suffix), content)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise cannot_write("--output", folder, exc) from exc


def _put(target: Path, content: bytes) -> None:
    _made(target.parent)
    try:
        target.write_bytes(content)
    except OSError as exc:
        raise cannot_write("--output", target, exc) from exc
