"""Every named alteration: in both languages, of one thing only, otherwise valid, and noticed by the rules it names."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.errors import ScenarioError, WireError
from harness.model import HttpRecord, Layer, Receive, Send, walk
from harness.packs import Alteration
from harness.packs.artefacts import load_pack
from harness.peers import FAULTS, MUTATIONS, cda_changes
from harness.validators import MemoryCache
from harness.validators._content import judge_content
from harness.validators._kinds import parts_of
from harness.validators._terminology import Vocabularies
from harness.wire import mtom, soap
from tests import alteration_bench as bench
from tests.tree_places import differences

GOLDEN = Path(__file__).parent / "golden" / "alterations"

# Alterations of the structure itself: the message that carries them is not to be valid.
NOT_VALID = {
    "saml.hcp.schema-broken",  # an element that SAML does not know
    "soap.version.1-1",
    "soap.body.truncated-xml",
    "soap.body.doctype",
    "http.content-type.wrong",
    "mime.boundary.other",
    "mime.start.unknown",
    "xdr.attachment.missing",
    "xcpd.query.no-status-code",  # HL7 wants one
    "xcpd.birth-time.dashed",  # no HL7 time
    "xdr.cda.section-missing",  # its only section: HL7 wants one
    "saml.hcp.no-issue-instant",
    "saml.hcp.no-authn-instant",
    "saml.hcp.wrapped-in-signature",  # an assertion where XML signature has no place for one
    "saml.trc.wrapped-in-signature",
}
# What a document that was altered after it was listed brings with it: hash and size are no longer those of its entry.
FOLLOWS = {"XCAQ-A-022"}
# Seen by nobody but the other side: who called with which certificate, in which protocol.
OF_TLS = ("tls.",)
NEEDS_VALUE_SETS = {"xcar.cda.code-outside-value-set"}
NEEDS_FRIENDLY = {"xcar.cda.translations-missing"}
# What our publisher serves is no answer of a gateway: tests/peers/test_publishing.py
OF_REGISTRY = ("SMP",)
WITHOUT_ROW = {
    "smp.answer.huge"
}  # how much a client has to read, nothing says; tests/peers/test_discovery.py: ours stops
# To be noticed by the receiver alone, and no profile says how it reacts; rows of the HCP assertion stand for the same defects.
# What they are, tests/peers/test_mutations_tokens.py holds.
REACTION_OPEN = {
    "saml.trc.wrong-audience",
    "saml.trc.wrapped-after",
    "saml.trc.second",
    "saml.nok.unsigned",
    "saml.nok.tampered",
    "saml.nok.expired",
    "saml.nok.untrusted-signer",
}

# The minimum that a catalogue of this kind holds, in our words, and where each is: a name of ours, or the scenario in which
# it is a sequence of messages rather than an altered one.
MINIMUM: Mapping[str, tuple[str, ...]] = {
    "assertion past its time": ("saml.hcp.expired", "saml.trc.expired"),
    "assertion before its time": ("saml.hcp.not-yet-valid",),
    "assertion without signature": ("saml.hcp.unsigned", "saml.trc.unsigned"),
    "signature that does not hold": ("saml.hcp.tampered", "saml.hcp.digest-corrupted", "saml.trc.tampered"),
    "signer nobody knows": ("saml.hcp.untrusted-signer", "saml.trc.untrusted-signer"),
    "signer of another country than TLS": ("saml.hcp.wrong-country", "saml.trc.wrong-country"),
    "no permissions, whatever the role": ("saml.hcp.no-permissions",),
    "too few permissions": ("saml.hcp.no-dispensing-right",),
    "role or purpose of use nobody knows": ("saml.hcp.role-unknown", "saml.hcp.purpose-unknown"),
    "no TRC assertion": ("saml.trc.missing",),
    "TRC assertion of another identity assertion": ("saml.trc.other-hcp",),
    "TRC assertion about another practitioner": ("saml.trc.other-name-id",),
    "TRC assertion for another patient than the query": ("xcaq.patient-id.other",),
    "identifier of nobody": ("patient-id.unknown",),
    "identifier with two digits swapped": ("patient-id.swapped-digits",),
    "identifier of digits only": ("patient-id.digits-only",),
    "identifier too long": ("patient-id.too-long",),
    "identifier with a wrong check digit": ("patient-id.wrong-check-digit",),
    "identifier of another authority": ("patient-id.other-authority",),
    "document nobody has": ("xcar.document-id.unknown",),
    "repository nobody has": ("xcar.repository-id.unknown",),
    "community that is another": ("xcar.home.other",),
    "community left out": ("xcar.home.missing",),
    "community nobody has": ("xcpd.receiver.other-community",),
    "class code nobody serves": ("xcaq.class-code.unknown",),
    "stored query nobody knows": ("xcaq.query-id.unknown",),
    "one prescription twice in one call": ("xdr.prescription.twice",),
    "metadata that contradict the document": ("xdr.unique-id.other", "xdr.language.other", "xdr.cda.patient-other"),
    "another prescription than the one dispensed": ("xdr.order.unknown",),
    "action left out": ("soap.action.missing",),
    "action that is another": ("soap.action.other", "soap.action.unknown"),
    "message id left out": ("soap.message-id.missing",),
    "security header left out": ("soap.security.missing",),
    "attachment left out": ("xdr.attachment.missing",),
    "content type that is another": ("http.content-type.wrong",),
    "SOAP version that is another": ("soap.version.1-1",),
    "byte order mark": ("xml.byte-order-mark.added",),
    "no client certificate": ("tls.client-certificate.missing",),
    "client certificate past its time": ("tls.client-certificate.expired",),
    "client certificate before its time": ("tls.client-certificate.not-yet-valid",),
    "client certificate nobody knows": ("tls.client-certificate.untrusted",),
    "client certificate for another use": ("tls.client-certificate.wrong-use",),
    "certificate of another host": ("tls.client-certificate.other-host",),
    "protocol that was withdrawn": ("tls.version.1-0-only", "tls.version.1-1-only"),
    "cipher that does not encrypt": ("tls.cipher.weak",),
    "client certificate that was revoked": ("tls.client-certificate.revoked",),
    "document without a mandatory section": ("xcar.cda.section-missing", "xdr.cda.section-missing"),
    "document of another template": ("xcar.cda.template-unknown", "xcar.other-template"),
    "code outside its value set": ("xcar.cda.code-outside-value-set",),
    "pivot without what was translated": ("xcar.cda.translations-missing",),
    "class code in the header that is wrong": ("xcar.cda.code-wrong",),
    "PDF that is no PDF/A": ("xcar.pdf.not-archival",),
    "two levels of different patients": ("xcar.level-1-of-other-patient",),
}
SEQUENCES = {
    "one prescription twice in two calls": "XDR-A-NEG-015",
    "a dispensation that nobody retrieved the prescription for": "XDR-A-NEG-012",
}


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    bench.validator().close()
    bench.validator.cache_clear()
    bench.judge.cache_clear()


@cache
def scenarios_with() -> Mapping[str, frozenset[str]]:
    """Name of an alteration -> requirements covered by the scenarios that use it."""
    found: dict[str, set[str]] = {}
    for scenario in bench.library().scenarios:
        steps = list(walk(scenario.steps))
        covered = {*scenario.covers, *(c for step in steps for c in step.covers)}
        published = (scenario.given or {}).get("smp", ())
        assert isinstance(published, tuple)
        for name in published:
            found.setdefault(str(name), set()).update(covered)
        for step in steps:
            names = step.mutate if isinstance(step, Send) else ()
            names = step.reply.faults if isinstance(step, Receive) and step.reply else names
            for name in names:
                found.setdefault(name, set()).update(covered)
    return {name: frozenset(ids) for name, ids in found.items()}


def test_the_minimum_is_there() -> None:
    missing = {what: names for what, names in MINIMUM.items() if not set(names) <= {*MUTATIONS, *FAULTS}}
    assert missing == {}
    assert set(SEQUENCES.values()) <= {s.id for s in bench.library().scenarios}


@pytest.mark.parametrize("name", sorted({*MUTATIONS, *FAULTS}))
def test_an_alteration_is_told_in_both_languages_with_what_it_puts_to_the_test(name: str) -> None:
    told = catalogue()[name]
    for text in (told.title, told.explains):
        assert text.en
        assert text.fr
    assert told.explains.en != told.explains.fr
    assert told.requirements or told.conformant
    assert set(told.requirements) <= set(bench.library().requirements)
    assert told.conformant == (MUTATIONS[name].positive if name in MUTATIONS else told.conformant)


@cache
def said(name: str, transaction: str) -> tuple[frozenset[str], frozenset[str]]:
    """Requirements missed, and rules that fired, in the altered message and (for a listing) the retrieve after it."""
    if name in MUTATIONS:
        side = bench.request_judged(transaction, name)
        return side.missed, side.rules
    side = bench.answer_judged(transaction, name)
    if transaction != "ITI-38":
        return side.missed, side.rules
    after = bench.retrieval_judged(name)
    return side.missed | after.missed, side.rules | after.rules


def catalogue() -> Mapping[str, Alteration]:
    read = bench.library().catalogue
    return {**read.mutations, **read.faults}


CASES = [
    (name, transaction)
    for name, told in catalogue().items()
    for transaction in told.transactions
    if transaction in bench.ORDER
    and not (name in FAULTS and bench.is_of_transport(name))
    and not name.startswith(OF_TLS)
    and name not in NEEDS_FRIENDLY
]


@pytest.mark.parametrize("transaction", bench.ORDER)
def test_what_is_not_altered_is_without_fault(transaction: str) -> None:
    for side in (bench.request_judged(transaction), bench.answer_judged(transaction)):
        assert (side.missed, side.rules) == (frozenset(), frozenset())


@pytest.mark.parametrize(("name", "transaction"), CASES, ids=[f"{n} in {t}" for n, t in CASES])
def test_an_altered_message_misses_what_the_catalogue_names_and_nothing_else(name: str, transaction: str) -> None:
    missed, rules = said(name, transaction)
    named = set(catalogue()[name].requirements)
    assert missed - named <= (FOLLOWS if name.startswith("xcar.") else set())
    assert (name in NOT_VALID) == any(
        rule.startswith(("xsd:", "well-formed:")) for rule in rules | shapeless(missed, name)
    )


def shapeless(missed: frozenset[str], name: str) -> frozenset[str]:
    """An attachment that is missing is noticed while the payload is read, which the requirement on it then accounts for."""
    return frozenset({"well-formed:payload"}) if name == "xdr.attachment.missing" and missed else frozenset()


NAMES = sorted({name for name, _ in CASES} - NEEDS_VALUE_SETS - REACTION_OPEN)
ELSEWHERE = sorted(
    name for name, told in catalogue().items() if not told.conformant and not set(told.transactions) & set(bench.ORDER)
)


@pytest.mark.parametrize("name", NAMES)
def test_an_alteration_is_noticed(name: str) -> None:
    """By a rule on the message itself, or by a scenario that says how the other side reacts to it."""
    one = [t for t in (MUTATIONS.get(name) or FAULTS[name]).transactions if t in bench.ORDER]
    named = set(catalogue()[name].requirements)
    seen = any(missed & named or rules for missed, rules in (said(name, t) for t in one))
    assert seen or scenarios_with().get(name, frozenset()) & named or catalogue()[name].conformant


@pytest.mark.parametrize("name", [name for name in ELSEWHERE if name not in WITHOUT_ROW])
def test_an_alteration_of_the_token_service_or_of_the_registry_has_a_scenario(name: str) -> None:
    assert scenarios_with().get(name, frozenset()) & set(catalogue()[name].requirements)


@pytest.mark.parametrize("name", sorted(REACTION_OPEN))
def test_what_a_receiver_alone_can_notice_is_seen_by_no_rule(name: str) -> None:
    for transaction in MUTATIONS[name].transactions:
        assert said(name, transaction) == (frozenset(), frozenset())


# --- the places that change


def taken_apart(record: HttpRecord) -> Mapping[str, etree._Element | str]:
    """The parts of a message: its start line, header fields, envelope, and each attachment, by name."""
    kind = record.header("content-type") or ""
    parts: dict[str, etree._Element | str] = {"content-type": kind.partition(";")[0]}
    try:
        message = soap.parse_message(kind, record.body)
    except WireError as exc:
        return {**parts, "unreadable": exc.kind}
    parts["envelope"] = message.root
    for number, part in enumerate(message.parts.values(), 1):
        parts[f"document-{number}"] = safexml.parse(part.content)
    for number, document in enumerate(message.root.iter("{urn:ihe:iti:xds-b:2007}Document"), 1):
        if (document.text or "").strip():
            parts[f"document-{number}"] = safexml.parse(mtom.resolve_xop(document, message.parts).content)
            document.text = "inline"
    return parts


def places(good: HttpRecord, bad: HttpRecord) -> list[str]:
    """What is another in `bad`, part by part."""
    ours, theirs = taken_apart(good), taken_apart(bad)
    out: list[str] = []
    for name in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            out.append(f"{'+' if one is None else '-'}{name}")
        elif isinstance(one, str) or isinstance(other, str):
            out += [f"~{name}"] if one != other else []
        else:
            out += [f"{p[0]}{name}{_short(p[1:])}" for p in differences(one, other)]
    if good.body != bad.body and not out:
        out.append("~bytes")
    return out


def _short(path: str) -> str:
    for prefix in ("/soap:Envelope/soap:Header", "/soap:Envelope/soap:Body", "/hl7:ClinicalDocument"):
        path = path.removeprefix(prefix)
    return path


def altered_places(name: str, transaction: str) -> str:
    if name in MUTATIONS:
        wanted = bench.needs(name)
        good, bad = bench.asked(transaction, arguments=wanted), bench.asked(transaction, name, arguments=wanted)
        found = places(bench.arrived(good), bench.arrived(bad))
        if good.request.chunked != bad.request.chunked:
            found.append("~chunked")
        found += [f"~{f}" for f in ("method", "url") if getattr(good.request, f) != getattr(bad.request, f)]
        if name.startswith(OF_TLS):
            found.append("~handshake")  # what of it: tests/peers/test_handshakes.py
    else:
        plain, worse = bench.answered(transaction), bench.answered(transaction, name)
        found = places(bench.returned(plain), bench.returned(worse))
        found += [f"~{f}" for f in ("status", "behaviour", "delay_s") if getattr(plain, f) != getattr(worse, f)]
    counted = Counter(found)
    return " ".join(place if times == 1 else f"{place}*{times}" for place, times in counted.items()) or "nothing"


def listed_places(kind: str) -> str:
    lines = []
    table = MUTATIONS if kind == "mutations" else FAULTS
    for name, one in table.items():
        if name in NEEDS_FRIENDLY:
            continue
        found: dict[str, list[str]] = {}
        for transaction in one.transactions:
            if transaction in OF_REGISTRY:
                continue
            found.setdefault(altered_places(name, transaction), []).append(transaction)
        lines += [f"{name} in {' '.join(where)}: {what}" for what, where in found.items()]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("kind", ["mutations", "faults"])
def test_an_alteration_changes_the_places_it_is_known_to_change(kind: str) -> None:
    found, golden = listed_places(kind), GOLDEN / f"{kind}.txt"
    assert ": nothing" not in found
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text("utf-8")


# --- what needs a document or a pack of its own


def friendly() -> bytes:
    held = bench.library().populations["default"].documents
    return next(d.content for d in held if d.key == "ps-minor-friendly-3")


def test_translations_are_left_out_and_nothing_else() -> None:
    good = friendly()
    bad = cda_changes.changed(good, cda_changes.translations_missing)
    found = list(differences(safexml.parse(good), safexml.parse(bad)))
    assert found
    assert {place[0] for place in found} == {"-"}
    assert {place.rpartition("/")[2] for place in found} == {"hl7:translation"}


@pytest.mark.parametrize("change", [cda_changes.translations_missing, cda_changes.text_missing])
def test_a_document_that_has_not_what_is_to_be_altered_is_refused(change: cda_changes.DocumentChange) -> None:
    held = bench.library().populations["default"].documents
    content = next(d.content for d in held if d.key == "ps-nominal-3")
    with pytest.raises(ScenarioError):
        cda_changes.changed(content, change)


@pytest.mark.corpus
def test_a_code_outside_its_value_set_is_one_more_that_official_value_sets_do_not_hold(corpus: Path) -> None:
    """By themselves value sets only tell what they hold; which of them an element is bound to, the rules of a kind say."""
    held = bench.library().populations["default"].documents
    good = next(d.content for d in held if d.key == "ps-nominal-3")
    bad = cda_changes.changed(good, cda_changes.code_outside_value_set)
    pack = load_pack(corpus / "artefacts" / "schematron" / "ehdsi-20240422")
    vocabularies = Vocabularies((pack,), MemoryCache())
    before, after = (codes_not_held(content, vocabularies) for content in (good, bad))
    assert after == before + 1


def codes_not_held(content: bytes, vocabularies: Vocabularies) -> int:
    """How many codes of the document are in no value set."""
    judged = judge_content(parts_of(safexml.parse(content))[0], vocabularies, 64 << 20)
    (reason,) = [use.reason for use in judged.uses if use.layer is Layer.TERMINOLOGY]
    return int(reason.split()[0])
