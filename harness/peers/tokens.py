"""What our country B asks its token service for, and the next-of-kin assertions it sends to country A.

Source: eHDSI SAML profile, token service of country B; WS-Trust 1.3, 4.1.
"""

from collections.abc import Mapping

from harness.model import NEXT_OF_KIN_FIELDS, Patient, PatientId, Practitioner
from harness.peers import arguments as given
from harness.peers.arguments import Arguments, refuse
from harness.wire import codes
from harness.wire.wstrust import NokParameters, TokenRequest, TrcParameters

RELATIVE = NokParameters(
    id="NOK-0001",
    first_name="Dominique",
    family_name="Exemplaire",
    gender="F",
    birth_date="1952-11-05",
    street="1 rue de l'Exemple",
    city="Exempleville",
    postal_code="99001",
    country="BE",
)
"""The synthetic relative who accompanies a patient when a scenario describes nobody."""


def token_request(
    transaction: str, arguments: Arguments, patients: Mapping[str, Patient], practitioner: Practitioner
) -> TokenRequest:
    """The request for a token that `arguments` describe (see `TRANSACTIONS[...].send_arguments`).

    Raises:
        ScenarioError: an argument is missing or wrong; says which.
    """
    purpose = given.text(arguments, "purpose") or practitioner.purpose_of_use
    if transaction == codes.STS_NOK:
        return TokenRequest(parameters=next_of_kin(arguments, purpose) or _with(RELATIVE, purpose))
    return TokenRequest(
        parameters=TrcParameters(
            purpose_of_use=purpose,
            patient_id=_patient(arguments, patients).cx,
            dispensation_pin=given.text(arguments, "access_code"),
            prescription_id=given.text(arguments, "prescription_id"),
        )
    )


def next_of_kin(arguments: Arguments, purpose: str) -> NokParameters | None:
    """The next of kin that `arguments` describe, the synthetic one for `true`; None when they name none."""
    stated = arguments.get("next_of_kin")
    if stated is None or stated is False:
        return None
    if stated is True:
        return _with(RELATIVE, purpose)
    fields = given.mapping(arguments, "next_of_kin")
    for name in fields:
        if name not in NEXT_OF_KIN_FIELDS:
            refuse("with.next_of_kin", "unknown field", expected=NEXT_OF_KIN_FIELDS, found=name)
    return NokParameters(purpose_of_use=purpose, **{name: given.text(fields, name) for name in fields})


def _with(relative: NokParameters, purpose: str) -> NokParameters:
    return NokParameters(purpose_of_use=purpose, **{name: getattr(relative, name) for name in NEXT_OF_KIN_FIELDS})


def _patient(arguments: Arguments, patients: Mapping[str, Patient]) -> PatientId:
    stated = given.patient_id(arguments, "patient_id")
    if stated is not None:
        return stated
    key = given.text(arguments, "patient")
    if not key:
        refuse("with.patient", "no patient is named", expected=("the key of a patient",))
    patient = given.chosen(patients, key, "patient", "patient")
    if not patient.ids:
        refuse("with.patient", f"patient {patient.key!r} has no identifier")
    return patient.ids[0]
