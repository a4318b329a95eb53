"""Finding the endpoints of a country by its service metadata: from files, from a publisher, or by way of the SML.

What is fetched is verified before anything is taken from it, and refused where a careful country B would refuse it.
Source: OASIS BDXR SMP 1.0; OASIS BDXL 1.0; protocol facts 12.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509 as cx509

from harness.errors import InputError, Problem, WireError
from harness.model import Discovery
from harness.peers.client import Caller, OutgoingRequest
from harness.peers.clock import Clock
from harness.wire import codes, smp, x509

MAX_FILES = 200
MAX_REDIRECTS = 1  # OASIS BDXR SMP 1.0, redirection: a client follows one
FETCH_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found: endpoint key (xcpd, xca, xdr) to URL, and service to why its metadata were not taken.

    `names` are the DNS names of the participant in the SML, where that was the way.
    """

    endpoints: Mapping[str, str]
    problems: Mapping[str, str]
    names: tuple[str, ...] = ()


def take_endpoint(
    content: bytes, *, country: str, service: str, anchors: Sequence[cx509.Certificate], at: datetime
) -> smp.Endpoint | smp.Redirect:
    """The one endpoint of `service` (a key of SMP services) that signed metadata name, or where else they lie.

    Raises:
        WireError: they must not be used: `signature-…` (bad or missing), `untrusted` (nobody among `anchors` vouches for a
            signer), `participant`, `document` (those of another country or service), `endpoint-count` (not exactly one in
            a process), `certificate` (none or unreadable), `inactive` (before activation or after expiration), `address`.

    Source: protocol facts 12.2; requirements DSC-001 to DSC-004.
    """
    signed = smp.verify_metadata(content, anchors=anchors, at=at)
    for facts in (signed.facts, signed.country):
        if facts is not None and facts.chain_problem:
            raise _refused("untrusted", f"nobody vouches for the signer: {facts.chain_problem}")
    metadata = signed.metadata
    if metadata.redirect is not None:
        return metadata.redirect
    if not metadata.participant.is_same_as(smp.participant_of(country)):
        raise _refused("participant", "metadata of another participant", metadata.participant.text)
    if smp.service_of(metadata.document) != service:
        raise _refused("document", "metadata of another service", metadata.document.value)
    for process in metadata.processes:
        if len(process.endpoints) != 1:
            raise _refused("endpoint-count", "a process has one endpoint", str(len(process.endpoints)))
    if len(metadata.processes) != 1:
        raise _refused("endpoint-count", "a service has one process", str(len(metadata.processes)))
    endpoint = metadata.endpoints[0]
    _usable(endpoint, at)
    return endpoint


def _usable(endpoint: smp.Endpoint, at: datetime) -> None:
    if endpoint.activation is not None and at < endpoint.activation:
        raise _refused("inactive", "the endpoint is not active yet", endpoint.activation.isoformat())
    if endpoint.expiration is not None and at > endpoint.expiration:
        raise _refused("inactive", "the endpoint is no longer active", endpoint.expiration.isoformat())
    if not endpoint.certificate:
        raise _refused("certificate", "the endpoint has no certificate")
    x509.describe_certificate(endpoint.certificate)
    if not endpoint.uri.startswith(("https://", "http://")):
        raise _refused("address", "the endpoint has no address to call", endpoint.uri)


def _refused(kind: str, problem: str, found: str | None = None) -> WireError:
    return WireError(problem, kind=kind, found=found)


def sml_root(discovery: Discovery, country: str) -> tuple[str, tuple[str, ...]]:
    """The root of the publisher by the mapping of the SUT file (empty when it names none), and the DNS names looked for."""
    names = smp.sml_names(smp.participant_of(country), discovery.zone)
    known = {name.rstrip(".").lower(): url for name, url in discovery.names.items()}
    return next((known[name.lower()] for name in names if name.lower() in known), ""), names


class Finder:
    """Looks up all services of one country; each call of a publisher goes through `caller`."""

    def __init__(
        self, *, caller: Caller, context: ssl.SSLContext, clock: Clock, anchors: Sequence[cx509.Certificate]
    ) -> None:
        self._caller = caller
        self._context = context
        self._clock = clock
        self._anchors = anchors

    async def find(self, discovery: Discovery, country: str) -> Found:
        """The endpoints of `country`.

        Raises:
            InputError: the folder of metadata cannot be read, or an address cannot be called.
        """
        names: tuple[str, ...] = ()
        root, files = discovery.smp, None
        if discovery.files:
            files = await asyncio.to_thread(metadata_files, Path(discovery.files))
        elif not root:
            root, names = sml_root(discovery, country)
        endpoints: dict[str, str] = {}
        problems: dict[str, str] = {}
        for key, service in smp.SERVICES.items():
            if not service.endpoint or (key == "consent" and "xdr" in endpoints):
                continue
            try:
                if files is not None:
                    content = _from_files(files, country, key)
                elif not root:
                    raise _refused("sml", f"discovery.sml.names: no publisher for {' or '.join(names)}")
                else:
                    content = await self._fetched(root.rstrip("/") + _path(country, key))
                endpoints[service.endpoint] = (await self._taken(content, country, key)).uri
            except WireError as exc:
                problems[key] = str(exc)
        return Found(endpoints=endpoints, problems=problems, names=names)

    async def _taken(self, content: bytes, country: str, service: str) -> smp.Endpoint:
        for left in range(MAX_REDIRECTS, -1, -1):
            found = take_endpoint(content, country=country, service=service, anchors=self._anchors, at=self._clock())
            if isinstance(found, smp.Endpoint):
                return found
            if left:
                content = await self._fetched(found.href)
        raise _refused("redirect", f"more than {MAX_REDIRECTS} redirect")

    async def _fetched(self, url: str) -> bytes:
        request = OutgoingRequest(url=url, headers=(("Accept", smp.MEDIA_TYPE),), body=b"", method="GET")
        exchange = await self._caller.exchange(
            request, id="discovery", transaction=codes.SMP, context=self._context, within_s=FETCH_WITHIN_S
        )
        if exchange.failure is not None:
            raise _refused("transport", f"{exchange.failure.kind.value}: {exchange.failure.detail}")
        response = exchange.response
        if response is None or response.status != 200:
            raise _refused("http", "the publisher did not answer 200", str(response.status if response else None))
        return response.body


def _path(country: str, service: str) -> str:
    return smp.service_path(smp.participant_of(country), smp.document_of(service))


def metadata_files(folder: Path) -> tuple[bytes, ...]:
    """The content of every XML file of `folder`, at most `MAX_FILES` of them, by name.

    Raises:
        InputError: it is no folder that can be read.
    """
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".xml" and p.is_file())
        contents = []
        for path in paths[:MAX_FILES]:
            with path.open("rb") as stream:
                contents.append(stream.read(smp.MAX_BYTES + 1))
    except OSError as exc:
        problem = f"the folder of service metadata cannot be read: {(exc.strerror or 'input/output error').lower()}"
        raise InputError(Problem(code="E706", option="discovery.files", problem=problem, found=str(folder))) from exc
    return tuple(contents)


def _from_files(files: Sequence[bytes], country: str, service: str) -> bytes:
    """The one file that holds the metadata of `service` of `country`; what is no metadata is passed over."""
    fitting = []
    for content in files:
        try:
            read = smp.parse_metadata(content)
        except WireError:
            continue
        if read.participant.is_same_as(smp.participant_of(country)) and smp.service_of(read.document) == service:
            fitting.append(content)
    if len(fitting) != 1:
        raise _refused("files", "one file holds the metadata of this service", f"{len(fitting)} of {len(files)} files")
    return fitting[0]
