"""Runs Schematron conformance cases in the form of the two public suites: schema, documents, and what is to come out.

A case says `valid`, `invalid` or `error`, and may make assertions in XPath on the SVRL report. The suites themselves are
not part of this project; `python -m tests.validators.conformance FOLDER` runs whatever lies in a folder. Where a case
expects an error, warnings count as errors: the engine follows official packages beyond the standard, with a warning.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from harness.packs.artefacts import pack_of_files
from harness.validators.schematron import MemoryCache, Pool, SaxonEngine, SchOutcome, svrl

SCH = "http://purl.oclc.org/dsdl/schematron"
_TESTCASES = ("https://doi.org/10.5281/zenodo.5679629#", "tag:dmaus@dmaus.name,2019:Schematron:Testsuite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one case; `problem` is empty when everything is as expected."""

    name: str
    expected: str
    problem: str


def run_case(path: Path, pool: Pool) -> Result:
    """Runs the case in `path`."""
    case = etree.parse(str(path)).getroot()
    namespace = etree.QName(case).namespace
    expected = case.get("expect", "valid")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        documents = list(case.iter(*(f"{{{namespace}}}{n}" for n in ("document", "primary", "secondary"))))
        for document in documents:
            target = folder / document.get("filename", "document.xml")
            target.parent.mkdir(parents=True, exist_ok=True)
            content = next(c for c in document if isinstance(c.tag, str))
            target.write_bytes(etree.tostring(content, with_tail=False))
        schemas = case.find(f"{{{namespace}}}schemas")
        assert schemas is not None
        # a case may give one schema for each query binding
        schema = next((s for s in schemas if s.get("queryBinding")), schemas[0])
        entry = folder / "schema.sch"
        entry.write_bytes(etree.tostring(schema, with_tail=False))
        phase = case.get("phase") or schemas.get("phase") or "#DEFAULT"
        primary = documents[0].get("filename", "document.xml")
        tests = [
            str(a.get("assert") or a.get("test"))
            for a in case.iter(f"{{{namespace}}}assertion", f"{{{namespace}}}expectation")
        ]
        return Result(name=path.stem, expected=expected, problem=_problem(entry, primary, phase, expected, tests, pool))


def _problem(entry: Path, primary: str, phase: str, expected: str, tests: list[str], pool: Pool) -> str:
    artefact = pack_of_files([entry]).artefacts[0]
    engine = SaxonEngine(pool, MemoryCache())
    text = (entry.parent / primary).read_text(encoding="utf-8")
    outcome = engine.judge(artefact, text, phase=phase, folder=entry.parent)
    found = _verdict(outcome, strict=expected == "error")
    if found != expected:
        return f"{found}: {outcome.failure or outcome.problems or outcome.warnings}"
    if expected == "error":
        return ""
    report = etree.fromstring(svrl(engine.compiled(artefact, phase=phase), outcome, primary))
    return "; ".join(t for t in tests if not _holds(report, t))


def _verdict(outcome: SchOutcome, *, strict: bool) -> str:
    if (
        outcome.failure
        or outcome.problems
        or (strict and outcome.warnings)
        or any(r.undecided for r in outcome.results)
    ):
        return "error"
    return "invalid" if outcome.results else "valid"


def _holds(report: etree._Element, test: str) -> bool:
    import saxonche

    processor = saxonche.PySaxonProcessor(license=False)
    xpath = processor.new_xpath_processor()
    xpath.declare_namespace("svrl", "http://purl.oclc.org/dsdl/svrl")
    xpath.set_context(xdm_item=processor.parse_xml(xml_text=etree.tostring(report, encoding="unicode")))
    return bool(xpath.effective_boolean_value(test))


def cases(folder: Path) -> Iterator[Path]:
    """The case files below `folder`."""
    for path in sorted(folder.rglob("*.xml")):
        root = etree.parse(str(path)).getroot()
        if etree.QName(root).localname == "testcase" and etree.QName(root).namespace in _TESTCASES:
            yield path


def main(arguments: list[str]) -> int:
    """Prints what failed and how many held; 1 when something failed."""
    pool = Pool(1)
    results = [run_case(path, pool) for folder in arguments for path in cases(Path(folder))]
    pool.close()
    failed = [r for r in results if r.problem]
    for result in failed:
        sys.stdout.write(f"{result.name}: expected {result.expected}; {result.problem}\n")
    sys.stdout.write(f"{len(results) - len(failed)} of {len(results)} cases hold\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
