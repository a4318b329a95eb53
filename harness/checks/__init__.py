"""Judging what was observed: one function per requirement, the outcome words of scenarios, comparisons.

`evidence -> findings`. No sockets, no clock, no severity beyond a documented variant, no printing: severities come from the
level of the requirement, in `runner`. A check looks only at what the system under test wrote itself, and applies only
where there is something to judge; "nothing to judge" is never a pass.
"""

from harness.checks import (
    assertions,
    audit,
    audit_exchange,
    cda,
    cda_medicines,
    discovery,
    listed_documents,
    sts,
    token_assertions,
    transport,
    xcaq,
    xcaq_entries,
    xcaq_kinds,
    xcaq_query,
    xcar,
    xcpd,
    xcpd_query,
    xcpd_subjects,
    xdr,
    xdr_request,
)
from harness.checks._audit_registry import AUDIT_CHECKS, judge_audit
from harness.checks._audit_view import AuditView, events_of, matching_exchange, side_of
from harness.checks._compare import compare, same_as, show
from harness.checks._facts import facts, shown, status_word
from harness.checks._outcomes import OUTCOME_WORDS, ExpectResult, describe, judge_expect, ordinary_answer
from harness.checks._registry import AUTOMATIC, CheckInfo, CheckResult, Context, automatic, automatic_ids, check
from harness.checks._view import View, view
from harness.checks.audit_exchange import event_id_problems
from harness.checks.transport import frame_problems

FAMILIES = (
    transport,
    xcpd,
    xcpd_subjects,
    xcpd_query,
    xcaq,
    xcaq_entries,
    xcaq_kinds,
    xcaq_query,
    xcar,
    xdr,
    xdr_request,
    assertions,
    token_assertions,
    sts,
    cda,
    discovery,
    cda_medicines,
    listed_documents,
)
"""The modules of checks; importing them fills AUTOMATIC."""
AUDIT_FAMILIES = (audit, audit_exchange)
"""The modules of checks of audit records; importing them fills AUDIT_CHECKS."""

__all__ = [
    "AUDIT_CHECKS",
    "AUDIT_FAMILIES",
    "AUTOMATIC",
    "FAMILIES",
    "OUTCOME_WORDS",
    "AuditView",
    "CheckInfo",
    "CheckResult",
    "Context",
    "ExpectResult",
    "View",
    "automatic",
    "automatic_ids",
    "check",
    "compare",
    "describe",
    "event_id_problems",
    "events_of",
    "facts",
    "frame_problems",
    "judge_audit",
    "judge_expect",
    "matching_exchange",
    "ordinary_answer",
    "same_as",
    "show",
    "shown",
    "side_of",
    "status_word",
    "view",
]
