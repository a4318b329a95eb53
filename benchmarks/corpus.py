"""The third-party corpus as the differential run sees it: which schema judges which documents, by its manifest."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import safexml
from harness.errors import WireError
from harness.model import Layer
from harness.packs import packs_with_builtin
from harness.packs.artefacts import Artefact, pack_of_files
from harness.validators._kinds import parts_of

BUILTIN = "builtin"
_BORROWED = {
    # entry schemas whose kind the corpus has no document of: the neighbours stand in, so that the rules are run at all
    "epsos-PatientSummary_L1": "epsos-PatientSummary",
    "epsos-ePrescriptionL1": "epsos-ePrescription",
    "epsos-MedicationRelatedOverview": "epsos-HealthCareEncounterReport",
    "CI-SIS_VSM_2023.01": "CI-SIS_VSM_1.4_2022.01",
    "CI-SIS_BIO-CR-BIO_2021.01": "CI-SIS_BIO-CR-BIO_2024.01",
}

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A schema and the corpus documents it is tried on, as paths in the corpus, smallest first.

    `expected` holds the manifest's measurement for the documents that have one; `key` is `SET/ENTRY`.
    """

    key: str
    artefact: Artefact
    documents: tuple[str, ...]
    expected: Mapping[str, Row]


class Corpus:
    """A folder with a `manifest.yaml` of one JSON row a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows of the manifest, by path."""
        lines = (self.folder / "manifest.yaml").read_text(encoding="utf-8").splitlines()
        return sorted((json.loads(line[2:]) for line in lines if line.startswith("- {")), key=lambda r: str(r["path"]))

    @cached_property
    def inputs(self) -> Mapping[str, Row]:
        """Rows of documents and messages that are well-formed, by path."""
        found = {}
        for row in self.rows:
            if row["path"].startswith(("documents/", "messages/")):
                try:
                    safexml.parse(self.read(row["path"]))
                except WireError:
                    continue
                found[row["path"]] = row
        return found

    def read(self, path: str) -> bytes:
        """The bytes of one file."""
        return (self.folder / path).read_bytes()

    def entries(self, suffix: str) -> Iterator[tuple[str, Path]]:
        """`SET/ENTRY` and file of each entry schema with that suffix."""
        for row in self.rows:
            if row.get("entry") and row["path"].endswith(suffix):
                yield f"{row['path'].split('/')[2]}/{Path(row['path']).stem}", self.folder / row["path"]

    def vocabularies(self) -> Iterator[Path]:
        """All value-set files."""
        yield from (self.folder / r["path"] for r in self.rows if r["kind"] == "valueset")

    def schematron(self) -> Iterator[Subject]:
        """Every entry schema of the corpus, then every built-in one."""
        measured: dict[str, dict[str, Row]] = {}
        for path, row in self.inputs.items():
            for key, expected in row.get("expected", {}).get("schematron", {}).items():
                measured.setdefault(key, {})[path] = expected
        for key, file in self.entries(".sch"):
            expected = measured.get(key, {})
            lender = key.split("/")[0] + "/" + _BORROWED.get(key.split("/")[1], "")
            paths = expected or measured[lender]
            # the whole set may be read: ANS rules make the names of value sets as they run, so that no scan finds them
            folder = self.folder.joinpath("artefacts", "schematron", key.split("/")[0]).resolve()
            artefact = replace(pack_of_files([file]).artefacts[0], root=folder)
            yield Subject(key=key, artefact=artefact, documents=self.by_size(paths), expected=expected)
        yield from self._builtin()

    def _builtin(self) -> Iterator[Subject]:
        parts = {path: parts_of(safexml.parse(self.read(path))) for path in self.inputs}
        for artefact in (a for p in packs_with_builtin(()) for a in p.artefacts if a.layer is Layer.SCHEMATRON):
            paths = [path for path, found in parts.items() if any(artefact.fits(p.kind, p.facts) for p in found)]
            key = f"{BUILTIN}/{artefact.id}"
            yield Subject(key=key, artefact=artefact, documents=self.by_size(paths), expected={})

    def by_size(self, paths: Iterable[str]) -> tuple[str, ...]:
        """`paths`, the smallest file first."""
        return tuple(sorted(paths, key=lambda p: (self.inputs[p]["size"], p)))
