"""Whether a configuration can work, looked at before any test: names, ports, TLS, certificates, HTTP, clocks, and our side.

Nothing here is a fail: a step that does not succeed says who has to change what, and accuses no product.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from harness.errors import PeerError
from harness.model import Sut, Verdict
from harness.peers import Caller, Clock, client_context
from harness.runner._diagnosis import SERVER_STEPS, STEPS, Diagnosis, step_title
from harness.runner._discovering import discovered, discovery_steps
from harness.runner._doctor_own import listen_steps, own_steps, trust_steps
from harness.runner._doctor_server import DoctorLimits, OurMeans, server_steps, targets_of
from harness.runner.exit import OPERATOR, PASSED, UNDECIDED
from harness.runner.session import utc_now

__all__ = ["SERVER_STEPS", "STEPS", "Diagnosis", "DoctorLimits", "diagnose", "doctor_status", "step_title"]


async def diagnose(
    sut: Sut, *, pki_dir: Path | None, clock: Clock = utc_now, limits: DoctorLimits | None = None
) -> tuple[Diagnosis, ...]:
    """Every step on our side, then on each address of `sut` once, in the order of the SUT file.

    As with a run, key material that is not there yet is made and kept in `pki_dir`.

    Raises:
        InputError: the folder cannot be read or written.

    Source: design 3.5 (transport); RFC 5280, 6.1; RFC 8446, 4.6.2 and 6.2 (a certificate is refused after the handshake).
    """
    at = clock()
    anchors, trusted = trust_steps(sut, at)
    pki, own = await asyncio.to_thread(own_steps, sut, pki_dir, at)
    ports = await listen_steps(sut.ours)
    lacking = "own-key" if pki is None else "" if anchors else "trust"
    context = None
    if pki is not None and anchors:
        try:
            context = client_context(pki.tls, sut.trust_authorities)
        except PeerError:
            lacking = "trust"
    caller = Caller(clock)
    ours = OurMeans(
        anchors=anchors,
        pki=pki,
        context=context,
        lacking=lacking,
        caller=caller,
        clock=clock,
        limits=limits or DoctorLimits(),
    )
    try:
        sought = None
        if pki is not None and anchors:
            sut, sought = await discovered(sut, pki=pki, caller=caller, clock=clock)
        targets, wrong = targets_of(sut)
        found = await asyncio.gather(*(server_steps(target, ours, sut) for target in targets))
    finally:
        await caller.aclose()
    looked_up = discovery_steps(sut, sought)
    return (*trusted, *own, *ports, *looked_up, *wrong, *(step for steps in found for step in steps))


def doctor_status(diagnoses: Sequence[Diagnosis]) -> int:
    """Exit status: 0 when all is well or worth a warning, 2 when a file of the operator is wrong, else 3."""
    errors = [d for d in diagnoses if d.verdict is Verdict.ERROR]
    if not errors:
        return PASSED
    return OPERATOR if any(d.option for d in errors) else UNDECIDED
