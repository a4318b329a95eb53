"""How the B side finds the country to ask: its service metadata, looked up, verified and kept; and its search mask.

Written without the peers' publisher and the checks: own rules over what `wire` reads and verifies.
Source: OASIS BDXR SMP 1.0; eHDSI dynamic discovery (one endpoint a process, certificate obligatory, refresh after a
connection error).
"""

import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx

from harness.errors import WireError
from harness.reference._asking import Criteria
from harness.reference._calling import Trouble
from harness.reference.config import PeerSide, ReferenceConfig
from harness.wire import searchmask, smp, x509

SERVICES = ("ITI-55", "ITI-38", "ITI-39", "ITI-41", "search-mask")
MAX_REDIRECTS = 1  # OASIS BDXR SMP 1.0, redirection: a client follows one

type Logged = Callable[[str, str, bytes], None]
"""Told of each lookup: document identifier, what went wrong (empty when nothing), certificate of the publisher (DER)."""


@dataclass(slots=True)
class _Known:
    """What was looked up. `asked` holds the services that were, found or not."""

    endpoints: dict[str, str] = field(default_factory=dict)
    mask: searchmask.SearchMask | None = None
    asked: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Directory:
    """The endpoints and the mask of one other country, looked up when first needed."""

    def __init__(self, config: ReferenceConfig, peer: PeerSide, context: ssl.SSLContext, logged: Logged) -> None:
        self._config = config
        self._peer = peer
        self._context = context
        self._logged = logged
        self._faults = config.faults
        self._known = _Known()

    def discover(self) -> str:
        """Forget everything and look it up again; what was refused, in words, empty when nothing was."""
        with self._known.lock:
            self._known.endpoints.clear()
            self._known.mask = None
            self._known.asked.clear()
        problems = [self._look_up(service) for service in SERVICES]
        return "; ".join(f"{s}: {p.text}" for s, p in zip(SERVICES, problems, strict=True) if p is not None)

    def endpoint(self, service: str) -> str | Trouble:
        """Where to call for `service`."""
        if service not in self._known.endpoints:
            problem = self._look_up(service)
            if problem is not None:
                return problem
        return self._known.endpoints[service]

    def refreshed(self, service: str) -> str | Trouble:
        """Where to call for `service` by metadata that are looked up again."""
        problem = self._look_up(service)
        return problem or self._known.endpoints[service]

    def mask(self, *, again: bool = False) -> searchmask.SearchMask | None:
        """The search mask, None when the country publishes none that can be used; asked for once, or `again`."""
        if again or "search-mask" not in self._known.asked:
            self._look_up("search-mask")
        return self._known.mask

    def _look_up(self, service: str) -> Trouble | None:
        document = smp.document_of(service)
        found = self._fetched(service, document)
        with self._known.lock:
            self._known.asked.add(service)
            if isinstance(found, Trouble):
                return found
            if service == "search-mask":
                self._known.mask = _mask_in(found)
            else:
                self._known.endpoints[service] = found.endpoints[0].uri if found.endpoints else self._guessed(service)
        return None

    def _guessed(self, service: str) -> str:
        return {"ITI-55": self._peer.xcpd, "ITI-41": self._peer.xdr}.get(service, self._peer.xca)

    def _fetched(self, service: str, document: smp.Identifier) -> smp.ServiceMetadata | Trouble:
        participant = smp.participant_of(self._peer.country)
        asked = participant
        if "discovery.participant.other" in self._faults:
            asked = replace(participant, value=f"urn:ehealth:{self._peer.country.lower()}:ncp")
        if "discovery.scheme.other" in self._faults:
            asked = replace(participant, scheme="iso6523-actorid-upis")
        url = self._peer.smp.rstrip("/") + smp.service_path(asked, document)
        certificate: list[bytes] = [b""]
        found: smp.ServiceMetadata | Trouble = _refused("there are too many redirects")
        for _ in range(MAX_REDIRECTS + 1):
            content = self._content(url, certificate)
            found = content if isinstance(content, Trouble) else self._judged(content, participant, service)
            if isinstance(found, Trouble) or found.redirect is None:
                break
            url, found = found.redirect.href, _refused("there are too many redirects")
        self._logged(document.value, found.text if isinstance(found, Trouble) else "", certificate[-1])
        return found

    def _content(self, url: str, certificate: list[bytes]) -> bytes | Trouble:
        deadline = time.monotonic() + self._config.timeout_s
        try:
            with (
                httpx.Client(verify=self._context, timeout=self._config.timeout_s, trust_env=False) as client,
                client.stream("GET", url) as response,
            ):
                stream = response.extensions.get("network_stream")
                secured = stream.get_extra_info("ssl_object") if stream is not None else None
                certificate.append((secured.getpeercert(True) or b"") if secured is not None else b"")
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > smp.MAX_BYTES or time.monotonic() > deadline:
                        return _refused("the metadata are too large or come too slowly")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return _refused("the metadata publisher cannot be reached")
        if response.status_code != 200:
            return _refused(f"the metadata publisher answers HTTP {response.status_code}")
        return bytes(content)

    def _judged(self, content: bytes, participant: smp.Identifier, service: str) -> smp.ServiceMetadata | Trouble:
        try:
            metadata = self._verified(content)
        except WireError as exc:
            return _refused(f"the metadata cannot be trusted: {exc.kind}")
        if metadata is None:
            return _refused("nobody we trust vouches for the metadata")
        if metadata.redirect is not None:
            return metadata
        other = not metadata.participant.is_same_as(participant) or service != smp.service_of(metadata.document)
        if other and "discovery.other-participant.accepted" not in self._faults:
            return _refused("the metadata are those of another country or service")
        counts = [len(p.endpoints) for p in metadata.processes] or [0]
        tolerated = set()
        if "discovery.first-endpoint.taken" in self._faults:
            tolerated.add(2)
        if "discovery.no-endpoint.guessed" in self._faults:
            tolerated.add(0)
        if set(counts) - {1} - tolerated:
            return _refused("a process has not exactly one endpoint")
        return self._usable(metadata, service)

    def _verified(self, content: bytes) -> smp.ServiceMetadata | None:
        """The metadata when both signatures hold, None when the chain of a signer leads nowhere."""
        anchors = x509.parse_certificates(self._config.trust_anchors)
        try:
            signed = smp.verify_metadata(content, anchors=anchors, at=self._config.clock())
        except WireError as exc:
            unsigned = exc.kind in ("wrong-root", "signature-missing")
            flaw = "discovery.unsigned.accepted" if unsigned else "discovery.signature.ignored"
            if flaw in self._faults:
                return smp.parse_metadata(content)
            raise
        problems = [f.chain_problem for f in (signed.facts, signed.country) if f is not None and f.chain_problem]
        expired = any("expired" in problem for problem in problems)
        flaw = "discovery.expired-signer.accepted" if expired else "discovery.signer.ignored"
        return signed.metadata if not problems or flaw in self._faults else None

    def _usable(self, metadata: smp.ServiceMetadata, service: str) -> smp.ServiceMetadata | Trouble:
        now = self._config.clock()
        for endpoint in metadata.endpoints:
            early = endpoint.activation is not None and now < endpoint.activation
            late = endpoint.expiration is not None and now > endpoint.expiration
            if early or late:
                return _refused("the endpoint is not active")
            if service == "search-mask":
                continue
            try:
                x509.describe_certificate(endpoint.certificate)
            except WireError:
                if "discovery.certificate.ignored" not in self._faults:
                    return _refused("the endpoint has no certificate")
            if not endpoint.uri.startswith("https://"):
                return _refused("the endpoint has no address to call")
        return metadata


def _refused(text: str) -> Trouble:
    return Trouble(kind="discovery", text=text)


def _mask_in(metadata: smp.ServiceMetadata) -> searchmask.SearchMask | None:
    held = next((e.extension for e in metadata.endpoints if e.extension), None)
    try:
        return searchmask.parse_mask(held) if held is not None else None
    except WireError:
        return None


def missing_trait(mask: searchmask.SearchMask, criteria: Criteria) -> str:
    """What the mask asks for and the user did not enter, or entered in another form, in words; empty when all is there."""
    if mask.patient is None:
        return ""
    groups = [g.ids for g in mask.patient.groups] or ([mask.patient.ids] if mask.patient.ids else [])
    if groups and not any(all(_given(f, criteria) for f in group if f.mandatory) for group in groups):
        return "the country asks for an identifier of another form"
    entered = {searchmask.BIRTH: criteria.birth, searchmask.GENDER: criteria.gender}
    for wanted in mask.patient.fields:
        if wanted.mandatory and wanted.kind in entered and not entered[wanted.kind]:
            return f"the country asks for {wanted.label or wanted.kind}"
    return ""


def _given(wanted: searchmask.Field, criteria: Criteria) -> bool:
    values = [i.extension for i in criteria.ids if i.root == wanted.domain]
    try:
        return any(not wanted.format or re.fullmatch(wanted.format, value) for value in values)
    except re.error:
        return bool(values)
