"""Starting the bundled system: its keys, its listeners, and the SUT file that describes it to the harness."""

import io
import ipaddress
import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ruamel.yaml import YAML

from harness.errors import InputError, Problem
from harness.model import OurSide, Patient
from harness.reference._audit_sending import Sender
from harness.reference._holdings import Held, Holdings, load_holdings
from harness.reference._initiating import InitiatingSystem
from harness.reference._publishing import PATH, Publishing
from harness.reference._responding import RespondingSystem
from harness.reference._server import Answerer, Listener, client_context, server_context
from harness.reference._token_service import NOK_PATH, TRC_PATH, TokenService
from harness.reference._trail import Trail
from harness.reference.config import NCPEH_A, NCPEH_B, Endpoints, Identity, ReferenceConfig
from harness.reference.faults import FAULTS
from harness.wire import x509

NAME = "Exemple NCPeH"
VENDOR = "Exemple SA"
VERSION = "1.0.0"
_DAYS = 825
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def make_identity(*, country: str, host: str, at: datetime, serial: int = 1) -> Identity:
    """Fresh keys under an authority of the system's own, valid from a day before `at` for 825 days.

    Certificates get the serial numbers from `serial` on; `host` is a name or an IP address and goes into the TLS
    certificate beside localhost and 127.0.0.1.
    """
    since, until = at - timedelta(days=1), at + timedelta(days=_DAYS)
    authority = x509.build_authority(
        common_name=f"{NAME} authority",
        country=country,
        organization=VENDOR,
        not_before=since,
        not_after=until,
        key=x509.new_key(),
        serial=serial,
    )
    names, addresses = {"localhost"}, {"127.0.0.1"}
    (addresses if _is_address(host) else names).add(host)
    tls = x509.build_certificate(
        common_name=f"{NAME} gateway",
        country=country,
        organization=VENDOR,
        usage="tls",
        issuer=authority,
        key=x509.new_key(),
        serial=serial + 1,
        not_before=since,
        not_after=until,
        dns_names=sorted(names),
        ip_addresses=sorted(addresses),
    )
    seal = x509.build_certificate(
        common_name=f"{NAME} seal",
        country=country,
        organization=VENDOR,
        usage="seal",
        issuer=authority,
        key=x509.new_key(),
        serial=serial + 2,
        not_before=since,
        not_after=until,
    )
    return Identity(authority=x509.certificate_pem(authority.certificate), tls=tls, seal=seal)


def serve(config: ReferenceConfig, *, ready: Callable[[Endpoints], None], stop: threading.Event) -> None:
    """Serves until `stop` is set; calls `ready` once with the endpoints, when both roles listen.

    Documents that cannot be read are reported on standard error and skipped.

    Raises:
        InputError: the population cannot be read, or a fault is not known.
        PeerError: a port cannot be had, or keys and anchors cannot be used.
    """
    _refuse_unknown_faults(config)
    listeners: list[Listener] = []
    sender = None
    if config.audit is not None:
        sender = Sender(config.audit, client_context(config.identity.tls, config.trust_anchors))
    endpoints: dict[str, str] = {}
    try:
        if NCPEH_A in config.actors:
            holdings = load_holdings(
                config.population_path, config.documents_dir, faults=config.faults, complaints=sys.stderr
            )
            kinds = {d.unique_id: d.kind or "" for d in holdings.documents}
            trail = Trail(config, sender, lambda document: kinds.get(document, ""))
            answer = RespondingSystem(config, holdings, trail).answer
            roots = (i.root for p in holdings.patients.values() for i in p.ids if _OID.fullmatch(i.root))
            publishing = Publishing(config, roots)
            services: dict[str, Answerer] = {"/xcpd": answer, "/xca": answer, "/xdr": answer}
            listener = _listen(config, config.port_a, services, {PATH: publishing.answer})
            listeners.append(listener)
            base = publishing.base = _base(config.host, listener.port)
            endpoints |= {"xcpd": f"{base}/xcpd", "xca": f"{base}/xca", "xdr": f"{base}/xdr", "smp": base + PATH}
        if NCPEH_B in config.actors:
            trail = Trail(config, sender, lambda _: "")
            issue = TokenService(config, trail).answer
            asking: dict[str, Answerer] = {
                "/trigger": InitiatingSystem(config, trail).answer,
                TRC_PATH: issue,
                NOK_PATH: issue,
            }
            listener = _listen(config, config.port_b, asking)
            listeners.append(listener)
            base = _base(config.host, listener.port)
            endpoints |= {"trigger": f"{base}/trigger", "sts": base + TRC_PATH, "sts_nok": base + NOK_PATH}
        for listener in listeners:
            listener.start()
        ready(Endpoints(**endpoints))
        stop.wait()
    finally:
        for listener in listeners:
            listener.close()
        if sender is not None:
            sender.close()


def describe_sut(
    config: ReferenceConfig,
    endpoints: Endpoints,
    *,
    authorities_path: str,
    ours: OurSide | None = None,
) -> str:
    """The text of a `sut.yaml` for this system.

    `authorities_path` is where the caller writes `config.identity.authority`, as the file is to say it; `ours` is copied
    when given. `data.documents` has a row for every document of `documents_dir`.

    Raises:
        InputError: the population cannot be read.
    """
    holdings = load_holdings(config.population_path, config.documents_dir)
    actors: dict[str, object] = {}
    common = {"country": config.country, "home_community": config.home_community}
    if endpoints.xcpd and endpoints.xca:
        served = {key: getattr(endpoints, key) for key in ("xcpd", "xca", "xdr", "smp")}
        actors[NCPEH_A] = {**common, "endpoints": {key: url for key, url in served.items() if url}}
    if endpoints.trigger:
        services = {"sts": endpoints.sts, "sts_nok": endpoints.sts_nok}
        actors[NCPEH_B] = {
            **common,
            "endpoints": {key: url for key, url in services.items() if url},
            "trigger": {"http": {"url": endpoints.trigger, "method": "POST"}},
        }
    content: dict[str, object] = {
        "system": {"name": NAME, "version": VERSION, "vendor": VENDOR},
        "actors": actors,
        "trust": {"authorities": authorities_path},
    }
    if ours is not None:
        listen = {"host": ours.host, **ours.ports}
        pki = {"pki": ours.pki} if ours.pki else {}
        content["ours"] = {**pki, "listen": listen, "country": ours.country, "home_community": ours.home_community}
    content["data"] = {
        "patients": {p.key: _patient_row(p) for p in holdings.patients.values() if _described_ids(p)},
        "documents": _document_rows(config, holdings),
    }
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    writer.dump(content, out)
    return out.getvalue()


def _listen(
    config: ReferenceConfig, port: int, answerers: dict[str, Answerer], readers: dict[str, Answerer] | None = None
) -> Listener:
    context = server_context(config.identity.tls, config.trust_anchors, config.faults)
    chunks = "http.chunked.refused" not in config.faults
    return Listener(config.host, port, context, answerers, readers, chunks=chunks)


def _refuse_unknown_faults(config: ReferenceConfig) -> None:
    problems = [
        Problem(problem="unknown fault", option="--fault", found=name, hint="see --list-faults")
        for name in sorted(config.faults - set(FAULTS))
    ]
    if problems:
        raise InputError(problems)


def _patient_row(patient: Patient) -> dict[str, object]:
    gender = patient.gender if patient.gender in ("M", "F", "UN") else ""
    traits = {"family": patient.family, "given": patient.given, "gender": gender}
    birth = {"birth": patient.birth} if patient.birth else {}
    return {
        "ids": _described_ids(patient),
        "traits": {**{name: value for name, value in traits.items() if value}, **birth},
    }


def _described_ids(patient: Patient) -> list[dict[str, str]]:
    """Identifiers under an OID; foreign documents hold others too, which no query can carry."""
    return [{"root": i.root, "extension": i.extension} for i in patient.ids if _OID.fullmatch(i.root)]


def _document_rows(config: ReferenceConfig, holdings: Holdings) -> list[dict[str, object]]:
    listed = [d for d in holdings.documents if d.from_folder]
    return [_document_row(config, holdings, number, d) for number, d in enumerate(listed, start=1)]


def _document_row(config: ReferenceConfig, holdings: Holdings, number: int, held: Held) -> dict[str, object]:
    first = holdings.patients[held.patient].ids[0]
    return {
        "row": f"doc-{number:03d}",
        "patient_id": {"root": first.root, "extension": first.extension},
        "id": held.unique_id,
        "repository": config.repository,
        "home": config.home_community,
        "kind": held.kind,
        "level": held.level,
        "path": held.name,
    }


def _base(host: str, port: int) -> str:
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
