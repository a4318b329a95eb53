"""The bundled system under test: an NCPeH of its own, run as a separate process, with declared faults.

It plays NCPeH-A, NCPeH-B or both of a fictive country and behaves as a vendor's product would. It may use `model` and the
parsers, certificates and signatures of `wire`, and builds its messages by its own code, so that a misreading of the
specification in one place does not pass unnoticed on both sides. It may not know the peers, the checks or the validators.

Decision: the server is the standard library's threading HTTP server, not the asyncio listener the peers use.
"""

from harness.reference.config import NCPEH_A, NCPEH_B, AuditSide, Clock, Endpoints, Identity, PeerSide, ReferenceConfig
from harness.reference.faults import FAULTS, Fault
from harness.reference.service import describe_sut, make_identity, serve

__all__ = [
    "FAULTS",
    "NCPEH_A",
    "NCPEH_B",
    "AuditSide",
    "Clock",
    "Endpoints",
    "Fault",
    "Identity",
    "PeerSide",
    "ReferenceConfig",
    "describe_sut",
    "make_identity",
    "serve",
]
