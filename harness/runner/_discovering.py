"""The endpoints of country A that a SUT file leaves to discovery, for a run and for `doctor`."""

import ssl
from dataclasses import replace

from harness.errors import InputError, PeerError, Problem, WireError
from harness.model import Sut, Verdict, say
from harness.peers import Caller, Clock, Finder, Found, Pki, client_context
from harness.runner._diagnosis import Diagnosis
from harness.wire import smp, x509

ACTOR = "ncpeh-a"


async def discovered(sut: Sut, *, pki: Pki, caller: Caller, clock: Clock) -> tuple[Sut, Found | None]:
    """`sut` with the endpoints that were found filled in where the file writes none, and what was found.

    None, and `sut` as it is, where the file asks for no discovery.

    Raises:
        InputError: the authorities or the folder of metadata cannot be used.
    """
    actor = sut.actors.get(ACTOR)
    if sut.discovery is None or actor is None:
        return sut, None
    try:
        context: ssl.SSLContext = client_context(pki.tls, sut.trust_authorities + b"\n" + sut.discovery.authorities)
        anchors = x509.parse_certificates(sut.discovery.authorities)
    except (PeerError, WireError) as exc:
        raise InputError(Problem(code="E704", option="discovery.authorities", problem=str(exc))) from exc
    found = await Finder(caller=caller, context=context, clock=clock, anchors=anchors).find(
        sut.discovery, actor.country
    )
    filled = replace(actor, endpoints={**found.endpoints, **actor.endpoints})
    return replace(sut, actors={**sut.actors, ACTOR: filled}), found


def discovery_steps(sut: Sut, found: Found | None) -> tuple[Diagnosis, ...]:
    """What `doctor` says about `found`, the outcome of `discovered` on the country A of `sut`."""
    if found is None:
        return ()
    target = smp.participant_of(sut.actors[ACTOR].country).value
    expected = say("doctor.discovers", names=", ".join(found.names) or "-")
    if not found.problems:
        urls = ", ".join(dict.fromkeys(found.endpoints.values()))
        return (Diagnosis(step="discovery", target=target, verdict=Verdict.PASS, expected=expected, found=urls),)
    return tuple(
        Diagnosis(
            step="discovery",
            target=target,
            verdict=Verdict.ERROR,
            expected=expected,
            found=say("not-discovered", service=service, what=why),
            next=say("doctor.next.discovery"),
        )
        for service, why in found.problems.items()
    )
