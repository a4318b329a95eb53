"""What a SUT file may look like."""

import datetime
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from harness.packs._fields import Country, Duration, Form, Free, HomeCommunity, LocalizedText, Name, Oid, Text, problem
from harness.packs._forms import SutActorName

_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/@\s]+:[^/@\s]+@")
SECRET_FORMS = ("env:NAME", "file:PATH")


def _no_secret(value: str) -> str:
    if _SECRET.search(value):
        # what was found is not repeated: it would end in a log
        raise problem("E309", "a secret is written out", expected=SECRET_FORMS)
    return value


Referable = Annotated[Text, AfterValidator(_no_secret)]
EndpointName = Literal["xcpd", "xca", "xdr", "smp", "sts", "sts_nok"]
Port = Annotated[int, Field(ge=0, le=65535)]


def _callable(value: str) -> str:
    """`value`, unless it is written out and cannot be the address of a service; what env: and file: hold comes later."""
    if value.startswith(("env:", "file:")):
        return value
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise problem("E204", "not an address that can be called", expected=("https://host:port/path",))
    return value


Url = Annotated[Referable, Field(min_length=1), AfterValidator(_callable)]


class SystemForm(Form):
    name: Text = Field(min_length=1)
    version: Text
    vendor: Text = ""


class HttpForm(Form):
    url: Url
    method: Literal["POST", "PUT", "GET"] = "POST"


class TriggerMeansForm(Form):
    http: HttpForm | None = None
    command: Annotated[
        tuple[Referable, ...] | None, BeforeValidator(lambda v: v.split() if isinstance(v, str) else v)
    ] = None
    person: LocalizedText | None = None

    @model_validator(mode="after")
    def _one_means(self) -> Self:
        if sum(m is not None for m in (self.http, self.command, self.person)) != 1:
            raise problem("E207", "a trigger has exactly one means", expected=("http", "command", "person"))
        return self


class ActorForm(Form):
    country: Country
    home_community: HomeCommunity | None = None
    endpoints: dict[EndpointName, Url] = Field(default_factory=dict)
    trigger: TriggerMeansForm | None = None


class TrustForm(Form):
    authorities: Referable
    revocations: Referable | None = None


class ListenForm(Form):
    host: Text = "127.0.0.1"
    xcpd: Port = 0
    xca: Port = 0
    xdr: Port = 0
    sts: Port = 0
    sts_nok: Port = 0
    audit: Port = 0
    smp: Port = 0


class OursForm(Form):
    pki: Text | None = None
    listen: ListenForm | None = None
    country: Country | None = None
    home_community: HomeCommunity | None = None


class IdForm(Form):
    root: Oid
    extension: Text = Field(min_length=1)


class PersonForm(Form):
    family: Text = ""
    given: Text = ""
    birth: datetime.date | None = None
    gender: Literal["", "M", "F", "UN"] = ""
    street: Text = ""
    city: Text = ""
    postal_code: Text = ""
    country: Country | None = None


class TraitsForm(PersonForm):
    consent: bool = True


class SutPatientForm(Form):
    ids: tuple[IdForm, ...] = Field(min_length=1)
    traits: TraitsForm = TraitsForm()


class DataForm(Form):
    """Free but for the names we know: whatever else stands here is read through `${sut.data...}`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    patients: dict[Name, SutPatientForm] = Field(default_factory=dict)
    documents: tuple[Free, ...] = ()


class SmlForm(Form):
    zone: Text = Field(min_length=1)
    names: dict[str, Url] = Field(default_factory=dict)


class DiscoveryForm(Form):
    smp: Url | None = None
    files: Text | None = None
    sml: SmlForm | None = None
    authorities: Referable | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(m is not None for m in (self.smp, self.files, self.sml)) != 1:
            raise problem("E207", "metadata lie in exactly one place", expected=("smp", "files", "sml"))
        return self


class LimitsForm(Form):
    clock_skew: Duration = 60.0
    answer_within: Duration = 30.0
    audit_within: Duration = 60.0


class SutForm(Form):
    """A SUT file."""

    system: SystemForm
    actors: dict[SutActorName, ActorForm] = Field(min_length=1)
    trust: TrustForm | None = None
    ours: OursForm = OursForm()
    data: DataForm = DataForm()
    limits: LimitsForm = LimitsForm()
    discovery: DiscoveryForm | None = None
