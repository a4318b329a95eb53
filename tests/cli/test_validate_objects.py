"""`harness validate` on messages and certificates: choice, old labels, what is given beside, documents against each other."""

import json
from pathlib import Path

import pytest

from harness.packs import bundled_data
from harness.wire import x509, xds
from tests.checks import checks_support as cs
from tests.cli.cli_support import Invoke
from tests.runner.test_objects import kept, pem

DOCUMENTS = bundled_data() / "scenarios" / "populations" / "documents"


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    file = tmp_path / "answer.http"
    file.write_bytes(kept(cs.submit(), "response"))
    return file


def report_of(invoke: Invoke, *arguments: object) -> dict[str, object]:
    result = invoke("validate", *arguments, "--format", "json")
    (report,) = json.loads(result.stdout)["reports"]
    assert isinstance(report, dict)
    return report


def test_request_tells_which_answer_it_is(invoke: Invoke, answer: Path, tmp_path: Path) -> None:
    request = tmp_path / "request.http"
    request.write_bytes(kept(cs.submit(), "request"))

    alone = report_of(invoke, answer)["validator"]
    along = report_of(invoke, answer, "--request", request)["validator"]

    assert isinstance(alone, dict)
    assert isinstance(along, dict)
    assert alone["value"] == "undetermined"
    assert along["value"] == "eu.ehdsi:xdr-ed-init-response"


def test_answer_finds_its_request_among_the_files(invoke: Invoke, answer: Path, tmp_path: Path) -> None:
    request = tmp_path / "request.http"
    request.write_bytes(kept(cs.submit(), "request"))
    result = invoke("validate", answer, request, "--format", "json")

    first, second = json.loads(result.stdout)["reports"]
    assert first["validator"]["value"] == "eu.ehdsi:xdr-ed-init-response"
    assert second["validator"]["value"] == "eu.ehdsi:xdr-ed-init-request"


@pytest.mark.parametrize(
    ("label", "coordinate"),
    [
        ("epSOS DispensationService:initialize - response", "eu.ehdsi:xdr-ed-init-response"),
        ("epSOS-2 ProvideDataService - response", "eu.ehdsi:xdr-provide-response"),
    ],
    ids=["current", "generic"],
)
def test_label_of_another_tool_is_understood_and_named(
    invoke: Invoke, answer: Path, label: str, coordinate: str
) -> None:
    result = invoke("validate", answer, "--as", label)

    assert f"{coordinate} stands for it here" in result.stderr
    assert f"validator {coordinate}" in result.stdout


def test_label_without_successor_ends_with_2(invoke: Invoke, answer: Path) -> None:
    result = invoke("validate", answer, "--as", "epSOS - Patient Privacy Audit")

    assert result.exit_code == 2
    assert "without successor" in result.stderr


def test_french_reader_gets_french_reasons(invoke: Invoke, answer: Path) -> None:
    result = invoke("validate", answer, "--lang", "fr")

    assert "validateur indéterminé" in result.stdout
    assert "non jugé sans la requête :" in result.stdout
    assert "exigences jugées" in result.stdout


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--request", b"<a/>", "--request: E931 not a message of a transaction"),
        ("--trust", b"no certificate", "--trust: E931 not a readable X.509 certificate"),
        ("--crl", b"no list", "--crl: E931 not a readable X.509 revocation list"),
        ("--at", b"", "--at: E930 not an instant"),
        ("--earlier", None, "--earlier: E909 cannot be read"),
    ],
    ids=["request", "trust", "list", "instant", "absent"],
)
def test_what_is_given_beside_is_read_before_anything_is_judged(
    invoke: Invoke, answer: Path, tmp_path: Path, option: str, content: bytes | None, said: str
) -> None:
    beside = tmp_path / "beside"
    if content is not None:
        beside.write_bytes(content)

    result = invoke("validate", answer, option, beside)

    assert result.exit_code == 2
    assert said in result.stderr


def test_certificate_needs_a_trusted_authority_to_be_trusted(invoke: Invoke, tmp_path: Path) -> None:
    seal, authority = tmp_path / "seal.pem", tmp_path / "authority.pem"
    seal.write_bytes(pem("seal"))
    authority.write_bytes(x509.certificate_pem(cs.pki().authority.certificate))
    at = ("--at", cs.AT.isoformat(), "--as", "eu.ehdsi:cert-signature")

    alone, trusted = invoke("validate", seal, *at), invoke("validate", seal, *at, "--trust", authority)

    assert "not judged without trusted authorities (--trust): SAML-HCP-014" in alone.stdout
    assert trusted.exit_code == 0
    assert "trusted authorities" not in trusted.stdout


def test_levels_of_one_document_are_compared(invoke: Invoke, tmp_path: Path) -> None:
    for level in (1, 3):
        (tmp_path / f"ps-{level}.xml").write_bytes((DOCUMENTS / f"ps-nominal-{level}.xml").read_bytes())
    same = invoke("validate", tmp_path)
    one = tmp_path / "ps-3.xml"
    one.write_bytes(one.read_bytes().replace(b'birthTime value="1', b'birthTime value="2', 1))
    other = invoke("validate", tmp_path)

    assert "cross-check  other-documents" in same.stdout
    assert "cross/pair" not in same.stdout
    assert "ps-3.xml:" in other.stdout
    assert "error cross/pair: the documents of one event differ in patient/birthTime" in other.stdout
    assert other.exit_code == 1


def test_entry_of_a_list_is_held_against_the_document_it_names(invoke: Invoke, tmp_path: Path) -> None:
    made = cs.find()
    listed = made.answer.entries[0]  # type: ignore[union-attr]
    (tmp_path / "summary.xml").write_bytes(cs.content(3))

    answer = xds.QueryAnswer(status=made.answer.status, entries=(listed,))  # type: ignore[union-attr]
    (tmp_path / "list.xml").write_bytes(xds.build_query_answer(answer).replace(b"fr-FR", b"pt-PT"))
    result = invoke("validate", tmp_path)

    assert "error cross/metadata-languageCode" in result.stdout


def test_unrelated_documents_are_not_compared(invoke: Invoke, tmp_path: Path) -> None:
    for name in ("ps-nominal-3.xml", "lab-nominal-1.xml"):
        (tmp_path / name).write_bytes((DOCUMENTS / name).read_bytes())

    assert "other-documents" not in invoke("validate", tmp_path).stdout


def test_file_inside_a_document_is_looked_at_up_to_the_limit(invoke: Invoke) -> None:
    document = DOCUMENTS / "ps-nominal-1.xml"

    assert invoke("validate", document).exit_code == 0
    small = invoke("validate", document, "--max-embedded", "1000")

    assert small.exit_code == 3
    assert "at most 1000 bytes" in small.stdout
    assert invoke("validate", document, "--max-embedded", "0").exit_code == 2


def test_validation_page_shows_the_profile_and_its_reasons(invoke: Invoke, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    invoke("validate", DOCUMENTS / "ps-nominal-3.xml", "--format", "html", "--output", page, "--lang", "fr")
    text = page.read_text("utf-8")

    assert "<dt>forme</dt>" in text
    assert "eu.ehdsi:cda-pivot-l3" in text
    assert "le corps est un structuredBody" in text
