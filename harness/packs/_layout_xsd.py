"""Schema sets of HL7 (CDA R2 with its extensions, HL7v3), OASIS, IHE and W3C, told by one file or folder each has."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model import Layer, Localized
from harness.packs._layouts import BY_PUBLISHER, CI_SIS, NOT_CI_SIS, Entry, Recognised

type _Entries = Callable[[Path], Iterable[tuple[str, Path, tuple[str, ...]]]]

_REGISTRY = ("message:AdhocQueryRequest", "message:AdhocQueryResponse")
_REPOSITORY = (
    "message:RetrieveDocumentSetRequest",
    "message:RetrieveDocumentSetResponse",
    "message:ProvideAndRegisterDocumentSetRequest",
)
_ADDRESSING = tuple(
    f"message:{name}" for name in ("MessageID", "RelatesTo", "To", "From", "ReplyTo", "FaultTo", "Action")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _XsdSet:
    coordinate: str
    title: Localized
    marker: str
    entries: _Entries
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _one(name: str, file: str, *applies: str) -> _Entries:
    return lambda folder: [(name, folder / file, applies)]


def _interactions(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    for path in sorted((folder / "multicacheschemas").glob("*.xsd")):
        if re.fullmatch(r"[A-Z]{4}_IN\d{6}UV\d\d", path.stem):
            yield f"hl7v3-{path.stem}", path, (f"message:{path.stem}",)


def _ebrs(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    yield "ebrs-query", folder / "ebRS30" / "query.xsd", _REGISTRY
    yield "ebrs-rs", folder / "ebRS30" / "rs.xsd", ("message:RegistryResponse",)
    yield "ebrs-lcm", folder / "ebRS30" / "lcm.xsd", ("message:SubmitObjectsRequest",)


def _saml(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    yield "saml-assertion", folder / "sstc-saml-schema-assertion-2.0.xsd", ("message:Assertion",)
    yield "saml-protocol", folder / "sstc-saml-schema-protocol-2.0.xsd", ("message:Response",)


_XSD_SETS = (
    _XsdSet(
        coordinate="fr.ans:cda-xsd:1",
        title=Localized(
            en="CDA R2 with the extensions of the French content models",
            fr="CDA R2 avec les extensions des volets du CI-SIS",
        ),
        marker="POCD_MT000040_extended_pharmacy.xsd",
        entries=_one("ans-xsd", "CDA_extended.xsd", "cda:*"),
        when=CI_SIS,
    ),
    _XsdSet(
        coordinate="eu.ehdsi:cda-xsd-pharma:1",
        title=Localized(
            en="CDA R2 with the HL7 pharmacy extension (wave 6 and later)",
            fr="CDA R2 avec l'extension pharmacie de HL7 (vague 6 et suivantes)",
        ),
        marker="CDA_Pharma.xsd",
        entries=_one("cda-pharma-xsd", "CDA_Pharma.xsd", "cda:*"),
        when={"medication_extension": ("pharm", "none"), **NOT_CI_SIS},
    ),
    _XsdSet(
        coordinate="eu.ehdsi:cda-xsd-epsos:1",
        title=Localized(
            en="CDA R2 with the epSOS medication extension (waves 1 to 5)",
            fr="CDA R2 avec l'extension médicament d'epSOS (vagues 1 à 5)",
        ),
        marker="extendedschemas",
        entries=_one("cda-epsos-xsd", "CDA_extended.xsd", "cda:*"),
        when={"medication_extension": ("epsos",), **NOT_CI_SIS},
    ),
    _XsdSet(
        coordinate="org.hl7:v3-interactions:2008",
        title=Localized(
            en="HL7v3 interactions, normative edition 2008", fr="Interactions HL7v3, édition normative 2008"
        ),
        marker="multicacheschemas/PRPA_IN201305UV02.xsd",
        entries=_interactions,
    ),
    _XsdSet(
        coordinate="org.oasis:ebxml-regrep:3.0",
        title=Localized(en="ebXML RegRep 3.0"),
        marker="ebRS30/query.xsd",
        entries=_ebrs,
    ),
    _XsdSet(
        coordinate="net.ihe:xds-b-xsd:1",
        title=Localized(en="IHE XDS.b document repository", fr="Entrepôt de documents IHE XDS.b"),
        marker="IHE/XDS.b_DocumentRepository.xsd",
        entries=_one("xds-b-repository", "IHE/XDS.b_DocumentRepository.xsd", *_REPOSITORY),
    ),
    _XsdSet(
        coordinate="org.w3:soap-envelope:1.2",
        title=Localized(en="SOAP 1.2 envelope", fr="Enveloppe SOAP 1.2"),
        marker="soap-1.2-envelope.xsd",
        entries=_one("soap-envelope", "soap-1.2-envelope.xsd", "message:Envelope"),
    ),
    _XsdSet(
        coordinate="org.oasis:saml:2.0",
        title=Localized(en="SAML 2.0"),
        marker="sstc-saml-schema-assertion-2.0.xsd",
        entries=_saml,
    ),
    _XsdSet(
        coordinate="org.w3:ws-addressing:1.0",
        title=Localized(en="WS-Addressing 1.0"),
        marker="2005/08/addressing/ws-addr.xsd",
        entries=_one("ws-addressing", "2005/08/addressing/ws-addr.xsd", *_ADDRESSING),
    ),
)


def xsd_set(folder: Path) -> Recognised | None:
    """The schema set in `folder`, None when it is none of those listed here."""
    known = next((s for s in _XSD_SETS if (folder / s.marker).exists()), None)
    if known is None:
        return None
    entries = tuple(
        Entry(
            id=name,
            layer=Layer.XSD,
            path=path,
            root=folder,
            coordinate=known.coordinate,
            applies=applies,
            when=known.when,
            sources=(known.title.en,),
            title=known.title,
        )
        for name, path, applies in known.entries(folder)
        if path.is_file()
    )
    return Recognised(
        coordinate=known.coordinate,
        title=known.title,
        origin=known.coordinate.split(":")[0],
        licence=BY_PUBLISHER,
        entries=entries,
    )
