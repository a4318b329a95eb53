"""What the B side shows its user, and reading what its user asked for: the JSON of the trigger."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import PatientId, Practitioner
from harness.reference import _facts
from harness.reference._asking import Criteria

OPERATIONS = (
    "identify",
    "list",
    "retrieve",
    "dispense",
    "discard-dispensation",
    "put-consent",
    "discard-consent",
    "discover",
)

type Json = Mapping[str, str | int | None]
"""One flat JSON object of an answer's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One screen: `shown` is patient, no-patient, documents, no-document, document, stored, endpoints, refusal or error.

    `lines` is how many lines a list of documents has, None on other screens.
    """

    shown: str
    code: str = ""
    message: str = ""
    patients: tuple[Json, ...] = ()
    documents: tuple[Json, ...] = ()
    lines: int | None = None

    def as_json(self) -> bytes:
        """UTF-8 JSON with the five keys, always all of them, and `lines` beside a list of documents."""
        content: dict[str, object] = {
            "shown": self.shown,
            "code": self.code,
            "message": self.message,
            "patients": [dict(p) for p in self.patients],
            "documents": [dict(d) for d in self.documents],
        }
        if self.lines is not None:
            content["lines"] = self.lines
        return json.dumps(content, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants: one operation for one patient, as one practitioner.

    `next_of_kin` is who accompanies the patient, empty for nobody; `token_service` says who confirms: own or peer.
    """

    operation: str
    criteria: Criteria
    practitioner: Practitioner
    kind: str
    level: int
    next_of_kin: Mapping[str, str]
    access_code: str
    token_service: str


def parse_wish(body: bytes) -> Wish:
    """The wish in the JSON text `body`.

    Raises:
        ValueError: what is wrong, fit to be shown.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ValueError("the request is no JSON") from exc
    if not isinstance(data, dict):
        raise ValueError("the request is no JSON object")
    operation = _text(data, "operation")
    if operation not in OPERATIONS:
        raise ValueError(f"operation: unknown; expected one of {', '.join(OPERATIONS)}")
    level = data.get("level", 3)
    if level not in (1, 3):
        raise ValueError("level: expected 1 or 3")
    return Wish(
        operation=operation,
        criteria=_criteria(_object(data, "patient")),
        practitioner=_practitioner(_object(data, "practitioner")),
        kind=_text(data, "kind") or "patient-summary",
        level=level,
        next_of_kin=_next_of_kin(data),
        access_code=_text(data, "access_code"),
        token_service=_text(data, "token_service") or "own",
    )


def _next_of_kin(data: Mapping[str, object]) -> Mapping[str, str]:
    if data.get("next_of_kin") is None:
        return {}
    person = _object(data, "next_of_kin")
    return {name: _text(person, name) for name in _facts.NEXT_OF_KIN}


def _criteria(data: Mapping[str, object]) -> Criteria:
    listed = data.get("ids") or []
    if not isinstance(listed, list) or not all(isinstance(i, dict) for i in listed):
        raise ValueError("patient.ids: expected a list of objects")
    return Criteria(
        ids=tuple(PatientId(root=_text(i, "root"), extension=_text(i, "extension")) for i in listed),
        family=_text(data, "family"),
        given=_text(data, "given"),
        birth=_text(data, "birth").replace("-", "")[:8],
        gender=_text(data, "gender"),
    )


def _practitioner(data: Mapping[str, object]) -> Practitioner:
    permissions = data.get("permissions") or []
    if not isinstance(permissions, list):
        raise ValueError("practitioner.permissions: expected a list")
    return Practitioner(
        key=_text(data, "key") or "practitioner",
        name=_text(data, "name"),
        name_id=_text(data, "name_id"),
        role_code=_text(data, "role_code"),
        role_display=_text(data, "role_display"),
        facility_type=_text(data, "facility_type"),
        organization=_text(data, "organization"),
        organization_id=_text(data, "organization_id"),
        locality=_text(data, "locality"),
        purpose_of_use=_text(data, "purpose_of_use") or "TREATMENT",
        permissions=tuple(str(p) for p in permissions),
        on_behalf_of=_text(data, "on_behalf_of"),
        clinical_speciality=_text(data, "clinical_speciality"),
        npi=_text(data, "npi"),
    )


def _object(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"{key}: expected an object")
    return value


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value)
