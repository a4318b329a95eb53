"""The closed word lists of the scenario language: what a file may say, with one line on what each word means.

The loader and `harness lint` refuse anything else; docs/scenario-language.md is checked against these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.text import Localized

PROFILES = (
    "patient-summary",
    "eprescription",
    "edispensation",
    "orcd-laboratory",
    "orcd-discharge",
    "orcd-imaging-report",
    "orcd-image",
    "consent",
    "security",
    "audit",
    "discovery",
)
SUT_ACTORS = ("ncpeh-a", "ncpeh-b", "practitioner-software")
GRADES = ("strict", "tolerated")
OPERATORS = ("equals", "in", "matches", "exists", "count", "before", "after", "contains")
CONSENTS = ("granted", "refused", "pending")
"""What a patient says to the exchange; `pending` is asked for and not answered yet."""
DOCUMENT_STATUSES = ("shared", "deprecated", "hidden", "withdrawn", "outside")
"""Where a document stands in the store of country A: listed; an earlier version, listed to who asks for such; held and never
shown; listed, but gone when it is fetched; not in the store at all (what country B writes or shows)."""
VERBS = ("send", "receive", "reply", "expect", "check", "trigger", "set", "use", "group", "note", "stop")
LATER_VERBS = ("ask", "parallel", "repeat")
"""Reserved for a later version; the loader says so instead of suggesting a neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One IHE transaction: who asks, who answers, which endpoint key of a SUT file serves it."""

    id: str
    name: str
    initiator: str
    responder: str
    endpoint: str
    send_arguments: Mapping[str, str]
    reply_arguments: Mapping[str, str]


NEXT_OF_KIN_FIELDS = (
    *("id", "first_name", "family_name", "gender", "birth_date"),
    *("street", "city", "postal_code", "country"),
)
"""What is said of a next of kin: the attributes of its assertion."""
_NEXT_OF_KIN = f"mapping of {', '.join(NEXT_OF_KIN_FIELDS)}"

_COMMON = {
    "practitioner": "key of a practitioner of the population (default: given.practitioner, else `physician`)",
    "next_of_kin": f"{_NEXT_OF_KIN}: who accompanies the patient, in an assertion before the others; true for a synthetic one",
}
_WITH_TRC = {
    **_COMMON,
    "access_code": "access code of the patient, in dispensationPinCode of the TRC assertion",
    "prescription_id": "id of a prescription, in prescriptionId of the TRC assertion",
}

STORE_ARGUMENTS: Mapping[str, str] = {
    "consent": "consent of every patient in our store, from this answer to the end of the row: granted, refused, pending",
    "documents": "documents of our store, from this answer to the end of the row: one status for all, or {key: status}; "
    "shared, deprecated, hidden (never shown), withdrawn (listed, gone when fetched)",
}

ERROR_ARGUMENT: Mapping[str, str] = {
    "error": "an error to answer with: a code or name of the error codes, or {code, severity, status, context, location}; "
    "ITI-55 also {reason, acknowledgement, query_response}; {soap_fault, context, location} for a SOAP fault",
}
"""The `reply` argument of every transaction that makes the answer an error; docs/error-codes.md says what becomes of it."""

TRANSACTIONS: Mapping[str, Transaction] = {
    t.id: t
    for t in (
        Transaction(
            id="ITI-55",
            name="Cross Gateway Patient Discovery",
            initiator="ncpeh-b",
            responder="ncpeh-a",
            endpoint="xcpd",
            send_arguments={
                **_COMMON,
                "patient": "key of a patient of the SUT file or the population",
                "by": "which search criteria are sent: `id`, `traits` or `both` (default)",
                "traits": "mapping that overrides family, given, birth, gender, root, extension of the criteria",
                "receiver": "home community id to address instead of the SUT's own",
            },
            reply_arguments={
                "patient": "key of the patient to answer with, instead of looking the criteria up",
                **STORE_ARGUMENTS,
                **ERROR_ARGUMENT,
            },
        ),
        Transaction(
            id="ITI-38",
            name="Cross Gateway Query",
            initiator="ncpeh-b",
            responder="ncpeh-a",
            endpoint="xca",
            send_arguments={
                **_WITH_TRC,
                "patient": "key of a patient; its first id is queried",
                "patient_id": "{root, extension} as an earlier answer gave it; goes before `patient`",
                "trc_patient_id": "{root, extension} for the TRC assertion when it is to differ from the query",
                "kind": "document kind (a profile name) or a list of them; default patient-summary",
                "maximum_size": "filter of original clinical documents: the greatest size, in bytes",
                "created_before": "filter of original clinical documents: latest creation, ISO 8601",
                "created_after": "filter of original clinical documents: earliest creation, ISO 8601",
            },
            reply_arguments={**STORE_ARGUMENTS, **ERROR_ARGUMENT},
        ),
        Transaction(
            id="ITI-39",
            name="Cross Gateway Retrieve",
            initiator="ncpeh-b",
            responder="ncpeh-a",
            endpoint="xca",
            send_arguments={
                **_WITH_TRC,
                "patient": "key of a patient",
                "patient_id": "{root, extension} as an earlier answer gave it; goes before `patient`",
                "documents": "one entry or a list of entries ({home, repository, id}) as an ITI-38 answer gave them",
            },
            reply_arguments={**STORE_ARGUMENTS, **ERROR_ARGUMENT},
        ),
        Transaction(
            id="ITI-41",
            name="Provide and Register Document Set-b",
            initiator="ncpeh-b",
            responder="ncpeh-a",
            endpoint="xdr",
            send_arguments={
                **_WITH_TRC,
                "operation": "what is submitted: `dispense` (default), `discard-dispensation`, `put-consent`, `discard-consent`",
                "patient": "key of a patient; its first id is used",
                "patient_id": "{root, extension} as an earlier answer gave it; goes before `patient`",
                "trc_patient_id": "{root, extension} for the TRC assertion when it is to differ from the submission",
                "prescription": "one prescription or a list of them, as `documents.N.prescription` of an ITI-39 answer "
                "gives it; an unknown one is invented when it is absent",
                "substitute": "true when the product given is not the one prescribed",
                "dispensation": "id of a dispensation of this row (`request.documents.N.id` of its exchange) to discard; "
                "an unknown one is invented when it is absent",
            },
            reply_arguments=ERROR_ARGUMENT,
        ),
        Transaction(
            id="STS-TRC",
            name="Issue of a TRC assertion",
            initiator="ncpeh-b",
            responder="ncpeh-b",
            endpoint="sts",
            send_arguments={
                "practitioner": _COMMON["practitioner"],
                "patient": "key of a patient; its first id is confirmed",
                "patient_id": "{root, extension} as an earlier answer gave it; goes before `patient`",
                "purpose": "purpose of use, TREATMENT (default: the practitioner's) or EMERGENCY",
                "access_code": "access code of the patient, for dispensationPinCode",
                "prescription_id": "id of the prescription that is to be dispensed",
            },
            reply_arguments={},
        ),
        Transaction(
            id="STS-NOK",
            name="Issue of a next-of-kin assertion",
            initiator="ncpeh-b",
            responder="ncpeh-b",
            endpoint="sts_nok",
            send_arguments={
                "practitioner": _COMMON["practitioner"],
                "patient": "key of the patient the row is about; a next-of-kin assertion does not name it",
                "purpose": "purpose of use, TREATMENT (default: the practitioner's) or EMERGENCY",
                "next_of_kin": _NEXT_OF_KIN + "; default: a synthetic relative with every field",
            },
            reply_arguments={},
        ),
        Transaction(
            id="SMP",
            name="Service metadata query",
            initiator="ncpeh-b",
            responder="ncpeh-a",
            endpoint="smp",
            send_arguments={
                "service": "whose metadata: `ITI-55` (default), `ITI-38`, `ITI-39`, `ITI-41`, `consent` or `search-mask`; "
                "`all` for the list of services",
            },
            reply_arguments={},
        ),
    )
}

METADATA_SERVICES = ("ITI-55", "ITI-38", "ITI-39", "ITI-41", "consent", "search-mask")
"""What a country publishes metadata of, by the word that `service` takes."""

SUBMISSIONS: Mapping[str, str] = {
    "dispense": "a dispensation of a prescription",
    "discard-dispensation": "the withdrawal of a dispensation",
    "put-consent": "the patient's consent",
    "discard-consent": "the withdrawal of the patient's consent",
}
"""What ITI-41 carries in MyHealth@EU, by the word that scenarios use."""

TRIGGER_OPERATIONS: Mapping[str, str] = {
    "identify": "look a patient up in the other country (ITI-55)",
    "list": "identify, then list the documents of one kind (ITI-55, ITI-38)",
    "retrieve": "identify, list, then fetch one document (ITI-55, ITI-38, ITI-39)",
    "dispense": "identify, list and fetch a prescription, then dispense it (ITI-55, ITI-38, ITI-39, ITI-41)",
    "discard-dispensation": "identify, then withdraw the last dispensation of the patient (ITI-55, ITI-41)",
    "put-consent": "identify, then submit the patient's consent (ITI-55, ITI-41)",
    "discard-consent": "identify, then submit the withdrawal of the patient's consent (ITI-55, ITI-41)",
    "discover": "forget what is known of the country's endpoints and search mask, and look both up again (SMP)",
}
TRIGGER_ARGUMENTS: Mapping[str, str] = {
    "practitioner": _COMMON["practitioner"],
    "patient": "key of a patient of the population",
    "kind": "document kind (a profile name); default patient-summary, eprescription when dispensing",
    "level": "CDA level to fetch, 1 or 3 (default 3)",
    "next_of_kin": f"{_NEXT_OF_KIN}: who accompanies the patient; default nobody",
    "access_code": "access code that the patient gave, for dispensationPinCode of the TRC assertion",
    "token_service": "which token service confirms the treatment: `own` (default) or `peer`, ours",
    "without": "search fields the user leaves empty, of `ids`, `family`, `given`, `birth`, `gender` (a name or a list)",
}
SEARCH_FIELDS = ("ids", "family", "given", "birth", "gender")
"""What `without` may name."""


AUDIT_EVENTS: Mapping[str, str] = {
    "identification": "EHDSI-11",
    "patient-summary-list": "EHDSI-21",
    "patient-summary-retrieve": "EHDSI-22",
    "eprescription-list": "EHDSI-31",
    "eprescription-retrieve": "EHDSI-32",
    "dispensation-initialize": "EHDSI-41",
    "dispensation-discard": "EHDSI-42",
    "consent-put": "epsos-51",
    "consent-discard": "epsos-52",
    "orcd-list": "EHDSI-61",
    "orcd-retrieve": "EHDSI-62",
    "hcp-authentication": "EHDSI-91",
    "trc-assertion": "EHDSI-92",
    "nok-assertion": "EHDSI-96",
    "trust-list-import": "EHDSI-93",
    "translation": "EHDSI-94",
    "smp-query": "EHDSI-193",
    "smp-push": "EHDSI-194",
    "communication-failure": "EHDSI-CF",
}
"""Words of `check: {audit: …}` and the number of the event each names. Source: eHDSI Audit Trail Profiles 2.1.0."""
REPOSITORY_STATES = ("running", "stopped")
"""What `given.audit_repository` may say: whether our audit record repository can be reached during the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeWord:
    """One word of `expect`: `values` is the closed list of its values, empty when free; `text` says what it means."""

    word: str
    text: Localized
    values: tuple[str, ...] = ()
    kind: str = "text"


OUTCOMES: Mapping[str, OutcomeWord] = {
    w.word: w
    for w in (
        OutcomeWord(
            word="soap_fault",
            values=(
                "any",
                "sender",
                "receiver",
                "security",
                "must-understand",
                "version-mismatch",
                "action-not-supported",
            ),
            text=Localized(
                en="the answer is a SOAP fault of this family", fr="la réponse est une faute SOAP de cette famille"
            ),
        ),
        OutcomeWord(
            word="http_status",
            kind="status",
            text=Localized(
                en="HTTP status: a number, `2xx`, `4xx`, `5xx` or a list of those",
                fr="statut HTTP : un nombre, `2xx`, `4xx`, `5xx` ou une liste",
            ),
        ),
        OutcomeWord(
            word="tls_refused",
            kind="flag",
            text=Localized(
                en="the TLS handshake or the connection is refused before any HTTP answer",
                fr="la négociation TLS ou la connexion est refusée avant toute réponse HTTP",
            ),
        ),
        OutcomeWord(
            word="no_answer",
            kind="flag",
            text=Localized(
                en="the connection is accepted and no complete answer comes",
                fr="la connexion est acceptée et aucune réponse complète n'arrive",
            ),
        ),
        OutcomeWord(
            word="acknowledgement",
            kind="code",
            values=("AA", "AE", "AR"),
            text=Localized(
                en="acknowledgement code of PRPA_IN201306UV02", fr="code d'acquittement de PRPA_IN201306UV02"
            ),
        ),
        OutcomeWord(
            word="query_response",
            kind="code",
            values=("OK", "NF", "AE", "QE"),
            text=Localized(en="queryResponseCode of PRPA_IN201306UV02", fr="queryResponseCode de PRPA_IN201306UV02"),
        ),
        OutcomeWord(
            word="reason",
            kind="code",
            text=Localized(
                en="one of the reason codes under reasonOf (a code or a list of acceptable ones)",
                fr="l'un des codes de motif sous reasonOf (un code ou une liste admise)",
            ),
        ),
        OutcomeWord(
            word="detail_code",
            kind="code",
            text=Localized(
                en="one of the acknowledgementDetail codes (a code or a list of acceptable ones)",
                fr="l'un des codes acknowledgementDetail (un code ou une liste admise)",
            ),
        ),
        OutcomeWord(
            word="patients",
            kind="number",
            text=Localized(en="number of subjects in the answer", fr="nombre de sujets dans la réponse"),
        ),
        OutcomeWord(
            word="registry_status",
            kind="code",
            values=("success", "failure", "partial-success"),
            text=Localized(en="status of the registry answer", fr="statut de la réponse du registre"),
        ),
        OutcomeWord(
            word="registry_error",
            kind="code",
            text=Localized(
                en="one of the registry error codes (a code or a list of acceptable ones; `any` for whichever)",
                fr="l'un des codes d'erreur du registre (un code ou une liste admise ; `any` pour n'importe lequel)",
            ),
        ),
        OutcomeWord(
            word="entries",
            kind="number",
            text=Localized(en="number of document entries listed", fr="nombre d'entrées de document listées"),
        ),
        OutcomeWord(
            word="documents",
            kind="number",
            text=Localized(en="number of documents returned", fr="nombre de documents retournés"),
        ),
        OutcomeWord(
            word="token",
            values=("trc", "nok"),
            text=Localized(
                en="the token service issued one assertion, of this kind",
                fr="le service de jetons a émis une assertion, de ce type",
            ),
        ),
        OutcomeWord(
            word="shown",
            values=(
                "patient",
                "no-patient",
                "documents",
                "no-document",
                "document",
                "stored",
                "endpoints",
                "refusal",
                "error",
            ),
            text=Localized(
                en="what the triggered system showed its user (of a `trigger`)",
                fr="ce que le système déclenché a montré à son utilisateur (d'un `trigger`)",
            ),
        ),
        OutcomeWord(
            word="shown_code",
            kind="code",
            text=Localized(
                en="the code the triggered system showed its user (a code or a list of acceptable ones)",
                fr="le code montré à l'utilisateur par le système déclenché (un code ou une liste admise)",
            ),
        ),
        OutcomeWord(
            word="request_received",
            kind="flag",
            text=Localized(en="the SUT's request arrived in time", fr="la requête du SUT est arrivée à temps"),
        ),
    )
}
"""Closed table of outcome words; number values are a number or a mapping {min, max}, codes are one code or a list."""
