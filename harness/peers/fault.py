"""What a named fault of our answers is, and what it may draw on."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.model import Population
from harness.peers.answers import PlannedAnswer
from harness.peers.publishing import Publication
from harness.wire import codes
from harness.wire.xcpd import DiscoveryAnswer
from harness.wire.xds import QueryAnswer, RegistryResponse, RetrieveAnswer

ALL = (codes.ITI_55, codes.ITI_38, codes.ITI_39, codes.ITI_41)
Q55, Q38, Q39, Q41 = (codes.ITI_55,), (codes.ITI_38,), (codes.ITI_39,), (codes.ITI_41,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault may draw on: who else lives in country A, and for how long to keep a caller waiting, in seconds.

    `soap_fault` (code, reason) makes the bytes of a SOAP fault in reply to the request.
    """

    population: Population
    slow_s: float
    soap_fault: Callable[[str, str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One bad answer: of its changes exactly one is set, by what it works on.

    A `publication` stands for the whole row instead of one answer, as a registry does.
    """

    name: str
    transactions: tuple[str, ...]
    discovery: Callable[[DiscoveryAnswer, Scene], DiscoveryAnswer] | None = None
    listing: Callable[[QueryAnswer, Scene], QueryAnswer] | None = None
    retrieval: Callable[[RetrieveAnswer, Scene], RetrieveAnswer] | None = None
    storing: Callable[[RegistryResponse, Scene], RegistryResponse] | None = None
    http: Callable[[PlannedAnswer, Scene], PlannedAnswer] | None = None
    publication: Callable[[Publication], Publication] | None = None
