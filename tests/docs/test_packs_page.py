"""docs/packs.md says what the code knows: keys, layers, fields of the lock, limits."""

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest

from harness.packs._declared import _ARTEFACT_KEYS, _PACK_KEYS
from harness.packs._layout_ans import _LAYERS
from harness.packs.artefacts import PACK_STATUSES, load_pack
from harness.store import ArchiveLimits, Lock, PackLock
from harness.store._lock import ArtefactLock

PAGES = [Path(__file__).resolve().parents[2] / "docs" / name for name in ("packs.md", "packs.fr.md")]
MIB = 1024 * 1024

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)


def test_every_key_layer_field_and_status_is_named(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fields = {f.name for t in (Lock, PackLock, ArtefactLock) for f in dataclasses.fields(t)}
    words = {*_PACK_KEYS, *_ARTEFACT_KEYS, *(layer[0] for layer in _LAYERS), *fields, *PACK_STATUSES}
    assert [w for w in sorted(words) if f"`{w}`" not in text] == []


def test_layers_stand_in_their_order(page: Path) -> None:
    rows = re.findall(r"^\| \d \| `([\w-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [*(layer[0] for layer in _LAYERS), "ans-document-VOLET-VERSION"]


def test_limits_of_archives_are_those_of_the_code(page: Path) -> None:
    text = re.sub(r"(?<=\d)[, \u00a0](?=\d{3})", "", page.read_text(encoding="utf-8"))
    limits = ArchiveLimits()
    for figure in (
        f"{limits.max_files} f",
        f"{limits.max_file_bytes // MIB} M",
        f"{limits.max_total_bytes // MIB // 1024} G",
    ):
        assert figure in text
    assert re.search(rf"{limits.max_ratio} (times|fois)", text)


def test_example_can_be_loaded(page: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "lab.sch").write_text("<schema xmlns='http://purl.oclc.org/dsdl/schematron'/>")
    digest = hashlib.sha256((tmp_path / "rules" / "lab.sch").read_bytes()).hexdigest()
    (tmp_path / "pack.yaml").write_text(re.sub(r"[0-9a-f]{64}", digest, example), encoding="utf-8")
    pack = load_pack(tmp_path)
    assert (pack.coordinate, pack.artefacts[0].title.fr, pack.complete) == (
        "org.example:lab-rules:1.2.0",
        "Laboratoire",
        True,
    )
