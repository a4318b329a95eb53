"""Fixtures of the validators' tests: one engine process for all, packs written into a temporary folder."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from harness.packs.artefacts import Artefact, Pack, load_pack
from harness.validators import MemoryCache
from harness.validators.schematron import ALL_REWRITES, NO_REWRITES, Pool, SaxonEngine, SchOutcome

SCHEMA = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2" {attributes}>
<ns prefix="t" uri="urn:test"/>
{body}
</schema>"""

PackFactory = Callable[[Mapping[str, str]], Pack]
Judge = Callable[..., SchOutcome]


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()


@pytest.fixture
def pack_of(tmp_path: Path) -> PackFactory:
    """Writes files into a folder with a pack.yaml that applies every .sch and .xsd beside it to everything."""

    def make(files: Mapping[str, str]) -> Pack:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        rows = [
            f'  - {{id: {Path(n).stem}, layer: {layer}, path: {n}, applies: ["*"]}}'
            for n in files
            if "/" not in n and (layer := {".sch": "schematron", ".xsd": "xsd"}.get(Path(n).suffix))
        ]
        lines = ["pack: org.example:test:1", "title: {en: Test, fr: Essai}", "artefacts:", *rows]
        (tmp_path / "pack.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load_pack(tmp_path)

    return make


@pytest.fixture
def judge(pool: Pool, pack_of: PackFactory) -> Judge:
    """Judges a document by a schema body: `judge(body, document, attributes=, files=, phase=, optimise=)`."""

    def run(
        body: str,
        document: str,
        *,
        attributes: str = "",
        files: Mapping[str, str] | None = None,
        phase: str = "#DEFAULT",
        optimise: bool = True,
    ) -> SchOutcome:
        schema = SCHEMA.format(attributes=attributes, body=body)
        artefact: Artefact = pack_of({"schema.sch": schema, **(files or {})}).artefacts[0]
        rewrites = ALL_REWRITES if optimise else NO_REWRITES
        return SaxonEngine(pool, MemoryCache(), rewrites=rewrites).judge(artefact, document, phase=phase)

    return run
