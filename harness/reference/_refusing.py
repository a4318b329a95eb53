"""How a denial is said on the wire: reason and detail on ITI-55, registry error on ITI-38 and 39, or a SOAP fault.

Source: eHDSI XCPD and XCA Profiles; NCPeH Components Specification, 4.4.2 and its error codes.
"""

from harness.reference._discovery import Refusal
from harness.reference._messages import Fault
from harness.reference._registry import RegistryError
from harness.reference._security import Denial

_WORDS = {
    # denial -> (XCPD reason, XCPD detail, XCA code); None as XCA code means a SOAP fault there
    "no-security": ("InsufficientRights", "1001", "1001"),
    "no-hcp": (
        "InsufficientRights",
        "ERROR_HPI_AUTHENTICATION_NOT_RECEIVED",
        "ERROR_HPI_AUTHENTICATION_NOT_RECEIVED",
    ),
    "schema": ("InsufficientRights", "ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED", "4703"),
    "hcp": ("InsufficientRights", "ERROR_HPI_GENERIC", "ERROR_HPI_GENERIC"),
    "rights": ("InsufficientRights", "4703", "4703"),
    "signature": ("InternalError", "ERROR_PI_GENERIC", None),
    "trc": ("InsufficientRights", "1001", "1001"),
    "advice": ("InsufficientRights", "4703", "4703"),
}


class SoapFaulted(Exception):
    """Ends the work on a request; the carrier of the fault that is sent."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def as_refusal(denial: Denial) -> Refusal:
    """The refusal of ITI-55 for `denial`.

    Raises:
        SoapFaulted: a fault is the answer.
    """
    if denial.kind == "token":
        raise SoapFaulted(_token_fault(denial.text))
    reason, detail, _ = _WORDS[denial.kind]
    return Refusal(reason=reason, detail=detail, explanation=denial.text)


def as_registry_error(denial: Denial) -> RegistryError:
    """The registry error of ITI-38 and ITI-39 for `denial`.

    Raises:
        SoapFaulted: a fault is the answer.
    """
    code = _WORDS[denial.kind][2] if denial.kind in _WORDS else None
    if code is None:
        raise SoapFaulted(_token_fault(denial.text) if denial.kind == "token" else _signature_fault(denial.text))
    return RegistryError(code=code, context=denial.text)


def _token_fault(text: str) -> Fault:
    return Fault(code="Sender", reason=f"invalid security token: {text}", subcode="wsse:InvalidSecurityToken")


def _signature_fault(text: str) -> Fault:
    return Fault(code="Sender", reason=text, subcode="wsse:FailedCheck")
