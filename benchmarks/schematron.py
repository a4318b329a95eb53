"""What judging a patient summary by the official rules costs, beside the least any engine on Saxon could take.

The floor is Saxon parsing the document and walking over all its nodes and attributes once. Everything runs on one core, in
one run; only the ratios mean anything on another machine. Needs the third-party corpus (HARNESS_CORPUS).
"""

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.packs.artefacts import Artefact, Pack, load_pack, pack_of_files
from harness.validators import MemoryCache, Validator
from harness.validators.schematron import Pool, PyschematronEngine, SaxonEngine

SET = "artefacts/schematron/ehdsi-20240422"
DOCUMENT = "documents/ps/openncp/2-1234-W7.xml"
PATIENT_SUMMARY = "epsos-PatientSummary"
CROSS_BORDER = (
    PATIENT_SUMMARY,
    "epsos-ePrescription",
    "epsos-eDispensation",
    "epsos-OrCD_Laboratory_Result",
    "epsos-OrCD_Hospital_Discharge_Report",
    "epsos-OrCD_Medical_Imaging_Report",
    "epsos-OrCD_Medical_Images",
)
_WALK = """<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text"/><xsl:mode on-no-match="shallow-skip"/>
<xsl:template match="@*"/></xsl:stylesheet>"""
_SMALL = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xpath2">
<ns prefix="hl7" uri="urn:hl7-org:v3"/>
<pattern><rule context="hl7:code"><assert test="@code or @nullFlavor">a code</assert></rule></pattern>
<pattern><rule context="hl7:templateId"><assert test="@root">a root</assert></rule></pattern></schema>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One size of the scaling curve: bytes of the document, milliseconds of the run and of the floor."""

    size: int
    run_ms: float
    floor_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Times in milliseconds (medians) unless the name says seconds; `rss_mb` is the resident memory of one worker."""

    size: int
    findings: int
    floor_ms: float
    run_ms: float
    run_ratio: float
    whole_ms: float
    whole_ratio: float
    read_and_transpile_s: float
    compile_s: float
    start_s: float
    cold_s: float
    cold_added_s: float
    rss_mb: float
    scaling: tuple[Point, ...]
    pyschematron_ms: float
    ours_on_same_ms: float


class Floor:
    """Saxon in this process: parse and walk, as nothing that judges a document can do without."""

    def __init__(self) -> None:
        import saxonche

        self._processor = saxonche.PySaxonProcessor(license=False)
        self._walk = self._processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=_WALK)

    def __call__(self, text: str) -> None:
        """Parse `text` and visit every node and attribute."""
        node = self._processor.parse_xml(xml_text=text, encoding="UTF-8")
        self._walk.transform_to_string(xdm_node=node)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; always 0."""
    parser = argparse.ArgumentParser(description="Cost of the official Schematron rules as a ratio to the floor.")
    parser.add_argument("--count", type=int, default=30, help="runs that are measured (default 30)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    corpus = Path(os.environ.get("HARNESS_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "corpus"))
    if not (corpus / "manifest.yaml").is_file():
        parser.error("the corpus is missing: set HARNESS_CORPUS to its folder")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    result = measure(corpus, options.count)
    print(json.dumps(asdict(result)) if options.json else "\n".join(_lines(result)))
    return 0


def measure(corpus: Path, count: int) -> Result:
    """All figures, in one process and its workers, on the core this process is bound to."""
    pack, content = load_pack(corpus / SET), (corpus / DOCUMENT).read_bytes()
    artefact = _named(pack, PATIENT_SUMMARY)
    text = _text(content)
    floor = Floor()
    with _pool() as pool:
        engine = SaxonEngine(pool, MemoryCache())
        read = _timed(lambda: engine.compiled(artefact))
        start = _timed(lambda: _start(pool))
        compile_s = _timed(lambda: engine.judge(artefact, text))
        floor_s, run_s = _paired([lambda: floor(text), lambda: engine.judge(artefact, text)], count)
        scaling = tuple(_scaling(engine, artefact, floor, content))
    with Validator([_only(pack, artefact)], workers=1, explain=False) as validator:
        findings = len(validator.validate("warm", content).findings)
        whole_floor_s, whole_s = _paired([lambda: floor(text), lambda: validator.validate("w", content)], count)
    theirs, ours = _second_engine(text)
    cold, bare = _cold(corpus)
    return Result(
        size=len(content),
        findings=findings,
        floor_ms=floor_s * 1000,
        run_ms=run_s * 1000,
        run_ratio=run_s / floor_s,
        whole_ms=whole_s * 1000,
        whole_ratio=whole_s / whole_floor_s,
        read_and_transpile_s=read,
        compile_s=compile_s,
        start_s=start,
        cold_s=cold,
        cold_added_s=cold - bare,
        rss_mb=_loaded(pack, corpus),
        scaling=scaling,
        pyschematron_ms=theirs * 1000,
        ours_on_same_ms=ours * 1000,
    )


def _lines(result: Result) -> Iterator[str]:
    yield f"document                     {result.size} bytes, {result.findings} findings"
    yield f"floor (parse and walk)       {result.floor_ms:8.1f} ms"
    yield f"run of the rules             {result.run_ms:8.1f} ms   {result.run_ratio:.2f} times the floor (target 4)"
    yield f"bytes to findings            {result.whole_ms:8.1f} ms   {result.whole_ratio:.2f} times the floor (target 8)"
    yield f"read and transpile           {result.read_and_transpile_s:8.2f} s"
    yield f"compile in a clean worker    {result.compile_s:8.2f} s    with the first run (target 3)"
    yield f"start of a worker            {result.start_s:8.2f} s"
    yield (
        f"cold harness validate        {result.cold_s:8.2f} s    "
        f"{result.cold_added_s:.2f} s over the start of Python and Saxon (target 2)"
    )
    yield f"worker with seven schemas    {result.rss_mb:8.0f} MB   (earlier experiment 527, stretch 400)"
    for point in result.scaling:
        per_mb = point.run_ms / point.size * 1_000_000
        yield (
            f"  {point.size / 1e6:6.2f} MB  run {point.run_ms:8.1f} ms  floor {point.floor_ms:7.1f} ms  "
            f"ratio {point.run_ms / point.floor_ms:5.2f}  {per_mb:6.1f} ms a MB"
        )
    ratio = result.pyschematron_ms / result.ours_on_same_ms
    yield (
        f"two rules that pyschematron can load: pyschematron {result.pyschematron_ms:.0f} ms, "
        f"ours {result.ours_on_same_ms:.1f} ms, ratio {ratio:.0f}"
    )


def _named(pack: Pack, name: str) -> Artefact:
    return next(a for a in pack.artefacts if a.id == name)


def _only(pack: Pack, artefact: Artefact) -> Pack:
    changed = copy.copy(pack)
    object.__setattr__(changed, "artefacts", (artefact,))
    return changed


def _text(content: bytes) -> str:
    return etree.tostring(safexml.parse(content).getroottree(), encoding="unicode")


@contextmanager
def _pool() -> Iterator[Pool]:
    pool = Pool(1)
    try:
        yield pool
    finally:
        pool.close()


def _start(pool: Pool) -> None:
    worker = pool.borrow()
    try:
        worker.ask({"do": "forget", "key": ""})
    finally:
        pool.give_back(worker)


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _paired(actions: Sequence[Callable[[], object]], count: int) -> list[float]:
    """The median of each action, run turn and turn about after three turns for warming up."""
    for _ in range(3):
        for action in actions:
            action()
    samples: list[list[float]] = [[] for _ in actions]
    for _ in range(count):
        for kept, action in zip(samples, actions, strict=True):
            kept.append(_timed(action))
    return [statistics.median(kept) for kept in samples]


def _scaling(engine: SaxonEngine, artefact: Artefact, floor: Floor, content: bytes) -> Iterator[Point]:
    """The document with its sections repeated: 1, 4, 12 and 45 times, up to about 7 MB."""
    for times in (1, 4, 12, 45):
        text = _repeated(content, times)
        size = len(text.encode())
        floor_s, run_s = _paired([lambda t=text: floor(t), lambda t=text: engine.judge(artefact, t)], 3)  # type: ignore[misc]
        yield Point(size=size, run_ms=run_s * 1000, floor_ms=floor_s * 1000)


def _repeated(content: bytes, times: int) -> str:
    root = safexml.parse(content)
    body = root.find("{urn:hl7-org:v3}component/{urn:hl7-org:v3}structuredBody")
    assert body is not None
    sections = list(body)
    for _ in range(times - 1):
        body.extend(copy.deepcopy(section) for section in sections)
    return etree.tostring(root, encoding="unicode")


def _loaded(pack: Pack, corpus: Path) -> float:
    """Resident memory of one worker that holds all cross-border schemas and has run the largest, in MB."""
    text = _text((corpus / DOCUMENT).read_bytes())
    with _pool() as pool:
        engine = SaxonEngine(pool, MemoryCache())
        for name in CROSS_BORDER:
            engine.judge(_named(pack, name), text)
        status = Path(f"/proc/{pool.pids[0]}/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _second_engine(text: str) -> tuple[float, float]:
    """Seconds of pyschematron and of ours with a schema both load."""
    with tempfile.TemporaryDirectory() as name, _pool() as pool:
        path = Path(name) / "small.sch"
        path.write_text(_SMALL, encoding="utf-8")
        artefact = pack_of_files([path]).artefacts[0]
        ours, theirs = SaxonEngine(pool, MemoryCache()), PyschematronEngine(pool)
        figures = _paired([lambda: theirs.judge(artefact, text), lambda: ours.judge(artefact, text)], 3)
    return figures[0], figures[1]


def _cold(corpus: Path) -> tuple[float, float]:
    """Seconds of a first `harness validate` with an empty cache, and of starting Python with the imports and Saxon."""
    command = [sys.executable, "-m", "harness", "validate", str(corpus / DOCUMENT), "--pack", str(corpus / SET)]
    starting = [sys.executable, "-c", f"import saxonche; saxonche.PySaxonProcessor(license=False); {_IMPORTS}"]
    cold, bare = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as cache:
            environment = {**os.environ, "XDG_CACHE_HOME": cache, "HARNESS_CACHE": cache}
            cold.append(_timed(lambda: subprocess.run(command, env=environment, capture_output=True, check=False)))  # noqa: B023
        bare.append(_timed(lambda: subprocess.run(starting, capture_output=True, check=True)))
    return statistics.median(cold), statistics.median(bare)


_IMPORTS = "import harness.cli, harness.validators, harness.packs, harness.store"


if __name__ == "__main__":
    raise SystemExit(main())
