"""ITI-55 at country A: who is meant, and whether we may say so. Source: IHE ITI TF-2, 3.55; eHDSI XCPD Profile."""

import uuid

from lxml import etree

from harness.model import Patient
from harness.reference import _discovery, _facts
from harness.reference._discovery import Refusal
from harness.reference._holdings import Holdings
from harness.reference._refusing import as_refusal
from harness.reference._security import Denial, Surroundings, judge
from harness.reference._store import Store
from harness.reference.config import ReferenceConfig
from harness.wire import soap, xcpd


class PatientService:
    """Finds patients among those the country holds."""

    def __init__(self, config: ReferenceConfig, holdings: Holdings, store: Store) -> None:
        self._config = config
        self._holdings = holdings
        self._store = store
        self._faults = config.faults

    def answer(self, message: soap.SoapMessage, payload: etree._Element, around: Surroundings) -> bytes:
        """The body that answers the query in `payload`.

        Raises:
            WireError: the payload cannot be read.
            SoapFaulted: a fault is the answer.
        """
        query = xcpd.parse_query(payload)
        caller = judge(message, around, trc=False)
        if isinstance(caller, Denial):
            outcome: Refusal | tuple[Patient, ...] = as_refusal(caller)
        elif not caller.may(_facts.XCPD_PERMISSIONS, self._faults):
            outcome = Refusal(reason="InsufficientRights", detail="4703", explanation="a permission is missing")
        elif not around.is_agreed and "xcpd.country.not-agreed-served" not in self._faults:
            explanation = "the country is not agreed for this service"
            outcome = Refusal(reason="PolicyViolation", detail="ERROR_PI_GENERIC", explanation=explanation)
        else:
            outcome = self._form_refusal(query) or self._key_refusal(query) or self._found(query)
        if isinstance(outcome, Refusal) and "xcpd.fault.echoes-identifier" in self._faults and query.ids:
            quoted = f"{outcome.explanation} ({query.ids[0].extension})"
            outcome = Refusal(
                reason=outcome.reason,
                detail=outcome.detail,
                explanation=quoted,
                ack=outcome.ack,
                response=outcome.response,
            )
        return _discovery.answer(
            self._asked(query, payload),
            community=self._config.community,
            message_id=(str(uuid.uuid4()), str(uuid.uuid4().int % 10**10).zfill(10)),
            at=self._config.clock(),
            patients=() if isinstance(outcome, Refusal) else outcome,
            refusal=outcome if isinstance(outcome, Refusal) else None,
            faults=self._faults,
        )

    def _asked(self, query: xcpd.DiscoveryQuery, payload: etree._Element) -> _discovery.Asked:
        parameters = payload.find(".//{urn:hl7-org:v3}queryByParameter")
        echo = b"" if parameters is None else _as_received(parameters)
        return _discovery.Asked(
            message_id=(query.message_id.root, query.message_id.extension) if query.message_id else (None, None),
            query_id=(query.query_id.root, query.query_id.extension) if query.query_id else (None, None),
            sender=query.sender_hcid or "",
            version_code=query.version_code,
            parameters=echo,
        )

    def _form_refusal(self, query: xcpd.DiscoveryQuery) -> Refusal | None:
        """What the message itself does wrong, whoever asks for whomever."""
        faults = self._faults

        def broken(explanation: str) -> Refusal:
            return Refusal(reason="InternalError", detail="ERROR_PI_GENERIC", explanation=explanation)

        interaction = query.interaction_id.extension if query.interaction_id else None
        if interaction != "PRPA_IN201305UV02":
            return broken("interactionId is not that of the message")
        if query.processing_mode_code != "T" and "xcpd.processing-mode.ignored" not in faults:
            return broken("the processing mode is not served")
        if not query.message_id or not query.query_id or not query.sender_hcid or not query.creation_time:
            return broken("message id, creation time, sender or query id is missing")
        if query.query_status_code != "new" and "xcpd.status-code.ignored" not in faults:
            return broken("the status of the query is missing or not 'new'")
        if query.response_priority_codes != ("I",) and "xcpd.deferred.accepted" not in faults:
            return Refusal(reason="AnswerNotAvailable", detail="NS250", explanation="only immediate answers are served")
        receiver = query.receiver_hcid
        if receiver != self._config.community and "xcpd.receiver-community.ignored" not in faults:
            return Refusal(
                reason="AnswerNotAvailable", detail="ERROR_PI_GENERIC", explanation="another community is addressed"
            )
        if not any(i.root and i.extension for i in query.ids) and "xcpd.traits-only.accepted" not in faults:
            if "xcpd.few-traits.as-no-match" in faults:
                return _no_match()
            return Refusal(
                reason="DemographicsQueryNotAllowed",
                detail="ERROR_PI_GENERIC",
                explanation="an identifier of the patient is required",
            )
        return None

    def _key_refusal(self, query: xcpd.DiscoveryQuery) -> Refusal | None:
        """Why a number cannot be one that was ever given out. Source: the key of the French INS, 97 less the rest by 97."""
        if "xcpd.check-digit.ignored" in self._faults:
            return None
        numbers = [i.extension or "" for i in query.ids if i.root in self._holdings.keyed_roots]
        if all(n.isdigit() and len(n) > 2 and int(n[-2:]) == 97 - int(n[:-2]) % 97 for n in numbers):
            return None
        return Refusal(
            reason="DemographicsQueryNotAllowed",
            detail="ERROR_PI_GENERIC",
            explanation="the key of the number is wrong",
            ack="AA",
        )

    def _code_refusal(self, patients: tuple[Patient, ...], query: xcpd.DiscoveryQuery) -> Refusal | None:
        """Why a patient who is found with an access code is not found here."""
        given = {(i.root, i.extension) for i in query.ids}
        lacking = any(codes and not codes & given for codes in map(self._holdings.codes_of, patients))
        if not lacking or "xcpd.access-code.ignored" in self._faults:
            return None
        return Refusal(
            reason="PatientAuthenticationRequired",
            detail="ERROR_PI_GENERIC",
            explanation="the access code is missing or wrong",
            ack="AA",
        )

    def _identified(self, identifier: xcpd.Ii) -> Patient | None:
        if "xcpd.identifier.authority-ignored" in self._faults:
            people = self._holdings.patients.values()
            return next((p for p in people if any(i.extension == identifier.extension for i in p.ids)), None)
        return self._holdings.patient(identifier.root, identifier.extension)

    def _found(self, query: xcpd.DiscoveryQuery) -> tuple[Patient, ...] | Refusal:
        people = self._holdings.patients
        asked = [i for i in query.ids if i.root not in self._holdings.code_roots]
        by_id = {p.key: p for i in asked if (p := self._identified(i)) is not None}
        named = any(i.root and i.extension for i in asked)
        unknown = [i for i in asked if i.extension and self._identified(i) is None]
        candidates = tuple(by_id.values()) if named else tuple(people.values())
        matches = tuple(p for p in candidates if _traits_agree(p, query)) if not unknown else ()
        if not matches and "xcpd.match.on-unknown-patient" in self._faults:
            return tuple(people.values())[:1]
        if not matches:
            return _no_match()
        if len(matches) > 1 and named:
            return Refusal(
                reason="AdditionalDemographicsRequested",
                detail="ERROR_PI_MULTIPLE_MATCHES",
                explanation="the identifiers belong to different patients",
            )
        refusal = self._code_refusal(matches, query)
        if refusal is not None:
            return refusal
        if not all(map(self._store.agrees, matches)) and "consent.ignored" not in self._faults:
            return self._no_consent(any(p.consent_awaited for p in matches))
        return matches

    def _no_consent(self, awaited: bool) -> Refusal:
        if "xcpd.consent.as-no-match" in self._faults:
            return _no_match()
        explanation = "the patient has been asked for consent" if awaited else "the patient has not consented"
        return Refusal(reason="InsufficientRights", detail="ERROR_PI_GENERIC", explanation=explanation)


def _no_match() -> Refusal:
    return Refusal(
        reason="AnswerNotAvailable",
        detail="ERROR_PI_NO_MATCH",
        explanation="no patient matches",
        ack="AA",
        response="NF",
    )


def _as_received(element: etree._Element) -> bytes:
    """`element` with the namespace declarations it needs, without an XML declaration and what follows it."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)


def _traits_agree(patient: Patient, query: xcpd.DiscoveryQuery) -> bool:
    """Whether no trait that is given and known contradicts the patient."""
    birth = f"{patient.birth:%Y%m%d}" if patient.birth else ""
    pairs = (
        (patient.family, query.family),
        (patient.given, query.given),
        (birth, (query.birth or "")[:8]),
        (patient.gender, query.gender),
    )
    return all(not own or not asked or own.casefold() == asked.strip().casefold() for own, asked in pairs)
