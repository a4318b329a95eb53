"""Messages of other people: every check gets through them, and the deviations known of them are named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness import checks, safexml
from harness.errors import WireError
from harness.model import Exchange, HttpRecord, Party
from harness.wire import codes, ns, soap
from tests.checks import checks_support as cs

pytestmark = pytest.mark.corpus

ANSWERS = {
    "xcpd-response": cs.identify(),
    "xca-query-response": cs.find(),
    "xca-retrieve-response": cs.fetch(),
    "pdqv3-response": cs.identify(),
    "xdr-submit-response": cs.submit(),
}
REQUESTS = {
    "xcpd-request": cs.identify(),
    "xca-query-request": cs.find(),
    "xca-retrieve-request": cs.fetch(),
    "pdqv3-request": cs.identify(),
    "xdr-submit-request": cs.submit(),
}
SAMPLES = "messages/xcpd-response/gematik-simulation/"
KNOWN = {
    SAMPLES + "PRPA_IN201306UV02_41.xml": {"DEV-08", "DEV-10", "DEV-11", "DEV-15"},
    SAMPLES + "PRPA_IN201306UV02_42.xml": {"DEV-10", "DEV-11"},
    SAMPLES + "PRPA_IN201306UV02.xml": {"DEV-07", "DEV-11", "DEV-12"},
    "messages/xcpd-request/gematik-simulation/PRPA_IN201305UV02_298.xml": {"DEV-16"},
    "messages/xca-query-response/gematik-simulation/AdhocQueryResponsePSA.xml": {"DEV-21"},
    "messages/xca-retrieve-request/openncp/xca-retrieve.xml": {"DEV-31"},
    "messages/xca-retrieve-request/denmark/request-ep.xml": {"DEV-30"},
    "messages/xdr-submit-request/gematik-simulation/ProvideAndRegisterDocumentSetRequest.xml": {
        "DEV-32",
        "DEV-33",
        "DEV-35",
    },
    "messages/xdr-submit-request/openncp/testSubmitDispEP.xml": {"DEV-32", "DEV-33", "DEV-35"},
    "messages/xdr-submit-request/openncp/testSubmitHcer.xml": {"DEV-33", "DEV-35"},
    "messages/saml-hcpa/openncp/SignedSamlAssertion.xml": {"DEV-36"},
    "messages/saml-trc/denmark/trc.xml": {"DEV-41"},
    "messages/soap-security-header/denmark/openncp_soap_header_namespace_bug_regression.xml": {"DEV-37"},
}


def rows(corpus: Path, prefix: str) -> list[dict[str, Any]]:
    lines = (corpus / "manifest.yaml").read_text("utf-8").splitlines()
    found = [json.loads(line[2:]) for line in lines if line.startswith("- {")]
    return [row for row in found if row["path"].startswith(prefix)]


def wrapped(payload: bytes, head: bytes = b"") -> bytes:
    return soap.build_envelope(
        addressing=soap.Addressing(action="urn:x", message_id="uuid:1"), payload=payload, extra_header=head
    )


def body_of(root: etree._Element) -> bytes:
    for uri in soap.VERSIONS.values():
        body = root.find(ns.clark(uri, "Body"))
        if body is not None:
            return etree.tostring(next(body.iterchildren("*")), with_tail=False)
    return etree.tostring(root, with_tail=False)


def record(body: bytes) -> HttpRecord:
    return cs.http("HTTP/1.1 200 OK", soap.CONTENT_TYPE, body)


def judged(made: cs.Made, by: Party, request: bytes | None, response: bytes | None) -> tuple[checks.CheckResult, ...]:
    good = made.view(by).exchange
    exchange = Exchange(
        id="x0042",
        transaction=made.transaction,
        initiator=by,
        url=good.url,
        started_at=good.started_at,
        duration_s=0.0,
        request=record(request) if request is not None else good.request,
        response=record(response) if response is not None else good.response,
        tls=good.tls,
    )
    actor = "ncpeh-b" if by is Party.SUT else "ncpeh-a"
    return checks.automatic(checks.view(exchange), made.context(actor))


def parsed(path: Path) -> etree._Element | None:
    try:
        return safexml.parse(path.read_bytes())
    except WireError:
        return None


def results_of(path: Path, kind: str) -> tuple[checks.CheckResult, ...]:
    root = parsed(path)
    if root is None:
        return ()
    if kind in ANSWERS:
        return judged(ANSWERS[kind], Party.PEER, None, wrapped(body_of(root)))
    if kind in REQUESTS:
        return judged(REQUESTS[kind], Party.SUT, wrapped(body_of(root)), None)
    payload = cs.payload(cs.find().query)
    if kind == "soap-security-header":
        security = next(root.iter(ns.clark(ns.WSSE, "Security")), None)
        head = etree.tostring(security, with_tail=False) if security is not None else b""
    else:
        head = f'<wsse:Security xmlns:wsse="{ns.WSSE}">'.encode() + etree.tostring(root) + b"</wsse:Security>"
    return judged(cs.find(), Party.SUT, wrapped(payload, head), None)


KINDS = (*ANSWERS, *REQUESTS, "soap-security-header", "saml-hcpa", "saml-trc", "saml-other")


def test_every_message_is_judged_without_an_exception(corpus: Path) -> None:
    judged_files = 0
    for kind in KINDS:
        for row in rows(corpus, f"messages/{kind}/"):
            for result in results_of(corpus / row["path"], kind):
                assert result.requirement in checks.AUTOMATIC
            judged_files += 1

    assert judged_files >= 50


@pytest.mark.parametrize("path", KNOWN)
def test_a_known_deviation_of_a_sample_is_named(corpus: Path, path: str) -> None:
    found = cs.deviations(results_of(corpus / path, path.split("/")[1]))

    assert KNOWN[path] <= found


def test_retrieved_documents_of_others_are_judged_without_an_exception(corpus: Path) -> None:
    paths = [corpus / row["path"] for row in rows(corpus, "documents/") if row["size"] < 400_000]
    for path in paths[::4]:
        made = cs.fetch(3)
        (document,) = made.answer.documents  # type: ignore[union-attr]
        changed = made.answered(documents=(replace(document, content=path.read_bytes()),))
        for result in changed.judged("ncpeh-a"):
            assert result.requirement in checks.AUTOMATIC
    assert len(paths) > 100


def test_summaries_of_the_corpus_have_the_sections_or_miss_them_by_name(corpus: Path) -> None:
    made = cs.fetch(3)
    (document,) = made.answer.documents  # type: ignore[union-attr]
    missing = set()
    for row in rows(corpus, "documents/ps/"):
        changed = made.answered(documents=(replace(document, content=(corpus / row["path"]).read_bytes()),))
        for result in changed.judged("ncpeh-a"):
            if result.requirement == "CDA-008":
                missing |= {f.expected.split(" (")[0] for f in result.findings}
    assert missing <= {f"section {name}" for name in checks.cda.SUMMARY_SECTIONS.values()}


def test_the_kinds_of_this_test_are_those_of_the_corpus(corpus: Path) -> None:
    assert {kind for kind in KINDS if not rows(corpus, f"messages/{kind}/")} == set()
    assert ANSWERS["xcpd-response"].transaction == codes.ITI_55


# what is wrong in each submission: not sent as MTOM, another id than the document's, an author in the old form, and, in
# those of OpenNCP, a language without country that is not the document's
SUBMISSIONS = {
    "gematik-simulation": {"XDR-B-002", "XDR-B-004", "XDR-B-007"},
    "openncp": {"XDR-B-002", "XDR-B-004", "XDR-B-007", "XDR-B-009"},
    "openncp-older": {"XDR-B-002", "XDR-B-004", "XDR-B-007", "XDR-B-009"},
}


def test_what_is_wrong_in_each_submission_is_known(corpus: Path) -> None:
    found: dict[str, set[str]] = {}
    for row in rows(corpus, "messages/xdr-submit-request/"):
        fired = cs.fired(results_of(corpus / row["path"], "xdr-submit-request"))
        wrong = {r for r in fired if r.startswith("XDR-")}
        assert found.setdefault(row["path"].split("/")[2], wrong) == wrong, row["path"]
    assert found == SUBMISSIONS


def test_nothing_is_wrong_in_the_answers_to_submissions(corpus: Path) -> None:
    for row in rows(corpus, "messages/xdr-submit-response/"):
        fired = cs.fired(results_of(corpus / row["path"], "xdr-submit-response"))
        assert {r for r in fired if r.startswith("XDR-")} == set()
