"""SUT files as types of the model."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from harness.errors import Mark, Problem, ScenarioError
from harness.model import (
    Datum,
    Discovery,
    OurSide,
    Patient,
    PatientId,
    Sut,
    SutActor,
    SystemIdentity,
    TriggerMeans,
)
from harness.packs import _forms_sut as forms
from harness.packs._files import SourceFile, read_file
from harness.packs._nodes import Fields, Items, Node, Scalar
from harness.packs._shape import mark_of, read_form
from harness.packs._walk import field

MAX_REFERENCED_BYTES = 10_000_000


def load_sut(path: Path, environment: Mapping[str, str] | None = None) -> Sut:
    """The SUT file at `path`, checked, its references resolved.

    `env:NAME` is looked up in `environment` (the caller's choice of variables; none by default) and `file:PATH` read
    from beside the file, in endpoints, trigger and trust; `data` keeps references as they are written.

    Raises:
        ScenarioError: with every problem of the file.
    """
    file, problems = read_file(path, str(path))
    if file is not None and file.kind != "system":
        wrong = Problem(code="E112", at=file.tree.at, problem="not a SUT file", expected=("system",), found=file.kind)
        raise ScenarioError((*problems, wrong))
    if file is None:
        raise ScenarioError(problems)
    form, shape = read_form(file.tree, forms.SutForm)
    if form is None or problems or shape:
        raise ScenarioError((*problems, *shape))
    resolver = _Resolver(path.parent, file.tree, environment or {})
    sut = _sut(form, file, resolver)
    if resolver.problems:
        raise ScenarioError(resolver.problems)
    return sut


class _Resolver:
    """Looks up `env:` and `file:`, collecting what is missing."""

    def __init__(self, folder: Path, tree: Fields, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.tree = tree
        self.environment = environment
        self.problems: list[Problem] = []

    def text(self, value: str, *place: str | int) -> str:
        """The text that `value` is or refers to."""
        kind, colon, rest = value.partition(":")
        if not colon or kind not in ("env", "file"):
            return value
        if kind == "file":
            return self.bytes(rest, *place).decode("utf-8", "replace").strip()
        if rest not in self.environment:
            self._add("environment variable is not set", rest, *place)
        return self.environment.get(rest, "")

    def bytes(self, value: str, *place: str | int) -> bytes:
        """The content of the file that `value` names, or of the variable `env:NAME`."""
        if value.startswith("env:"):
            return self.text(value, *place).encode()
        try:
            with (self.folder / value.removeprefix("file:")).open("rb") as stream:
                return stream.read(MAX_REFERENCED_BYTES)
        except OSError as exc:
            self._add(f"file cannot be read: {(exc.strerror or 'input/output error').lower()}", value, *place)
            return b""

    def _add(self, text: str, found: str, *place: str | int) -> None:
        at: Mark = mark_of(self.tree, *place)
        self.problems.append(Problem(code="E213", at=at, problem=text, found=found))


def _sut(form: forms.SutForm, file: SourceFile, resolver: _Resolver) -> Sut:
    ours = form.ours
    listen = ours.listen or forms.ListenForm()
    plain_ours = OurSide()
    data = field(file.tree, "data")
    trust = resolver.bytes(form.trust.authorities, "trust", "authorities") if form.trust else b""
    if form.trust and trust and b"-----BEGIN CERTIFICATE-----" not in trust:
        resolver.problems.append(
            Problem(
                code="E213",
                at=mark_of(file.tree, "trust", "authorities"),
                problem="holds no certificate",
                expected=("certificates in PEM form",),
            )
        )
    return Sut(
        system=SystemIdentity(name=form.system.name, version=form.system.version, vendor=form.system.vendor),
        actors={name: _actor(name, actor, resolver) for name, actor in form.actors.items()},
        trust_authorities=trust,
        trust_revocations=_revocations(form, file, resolver),
        ours=OurSide(
            pki=str(resolver.folder / ours.pki) if ours.pki else None,
            host=listen.host,
            ports={k: p for k in ("xcpd", "xca", "xdr", "sts", "sts_nok", "audit", "smp") if (p := getattr(listen, k))},
            country=ours.country or plain_ours.country,
            home_community=ours.home_community or plain_ours.home_community,
        ),
        patients={key: _patient(key, p.ids, p.traits) for key, p in form.data.patients.items()},
        data={e.key: datum_of(e.node) for e in data.entries} if isinstance(data, Fields) else {},
        clock_skew_s=form.limits.clock_skew,
        answer_within_s=form.limits.answer_within,
        audit_within_s=form.limits.audit_within,
        discovery=_discovery(form.discovery, resolver, trust) if form.discovery else None,
        source=file.name,
        digest=hashlib.sha256(file.data).hexdigest(),
    )


def _revocations(form: forms.SutForm, file: SourceFile, resolver: _Resolver) -> bytes:
    """The revocation lists of the trust configuration, empty when it names none."""
    if form.trust is None or form.trust.revocations is None:
        return b""
    lists = resolver.bytes(form.trust.revocations, "trust", "revocations")
    if lists and b"-----BEGIN X509 CRL-----" not in lists:
        resolver.problems.append(
            Problem(
                code="E213",
                at=mark_of(file.tree, "trust", "revocations"),
                problem="holds no revocation list",
                expected=("revocation lists in PEM form",),
            )
        )
    return lists


def _discovery(form: forms.DiscoveryForm, resolver: _Resolver, trust: bytes) -> Discovery:
    """Who publishes is vouched for by `authorities`, by the SUT's own ones where none are named."""
    sml = form.sml or forms.SmlForm.model_construct(zone="", names={})
    return Discovery(
        smp=resolver.text(form.smp, "discovery", "smp") if form.smp else "",
        files=str(resolver.folder / form.files) if form.files else "",
        zone=sml.zone,
        names={k: resolver.text(url, "discovery", "sml", "names", k) for k, url in sml.names.items()},
        authorities=resolver.bytes(form.authorities, "discovery", "authorities") if form.authorities else trust,
    )


def _actor(name: str, form: forms.ActorForm, resolver: _Resolver) -> SutActor:
    place = ("actors", name)
    return SutActor(
        actor=name,
        country=form.country,
        home_community=form.home_community or "",
        endpoints={k: resolver.text(url, *place, "endpoints", k) for k, url in form.endpoints.items()},
        trigger=_trigger(form.trigger, resolver, *place, "trigger") if form.trigger else None,
    )


def _trigger(form: forms.TriggerMeansForm, resolver: _Resolver, *place: str) -> TriggerMeans:
    if form.http is not None:
        return TriggerMeans(url=resolver.text(form.http.url, *place, "http", "url"), method=form.http.method)
    if form.command is not None:
        parts = enumerate(form.command)
        return TriggerMeans(command=tuple(resolver.text(part, *place, "command", i) for i, part in parts))
    return TriggerMeans(person=form.person.en if form.person else "")


def _patient(key: str, ids: tuple[forms.IdForm, ...], traits: forms.TraitsForm) -> Patient:
    return Patient(
        key=key,
        ids=tuple(PatientId(root=i.root, extension=i.extension) for i in ids),
        family=traits.family,
        given=traits.given,
        birth=traits.birth,
        gender=traits.gender,
        street=traits.street,
        city=traits.city,
        postal_code=traits.postal_code,
        country=traits.country or "",
        consent=traits.consent,
    )


def datum_of(node: Node) -> Datum:
    """`node` as data without references."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return tuple(datum_of(n) for n in node.nodes)
        case Fields():
            return {e.key: datum_of(e.node) for e in node.entries}
