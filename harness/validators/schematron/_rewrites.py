"""The rewrites that make compiled rules fast, each with a switch of its own; none of them is the reference."""

from enum import StrEnum


class Rewrite(StrEnum):
    """One rewrite. All together are what the harness judges with; without any, rules run as they are written."""

    VALUE_SETS = "value-sets"
    """Look-ups in value-set files become look-ups in maps that are passed once."""
    SELECTION = "selection"
    """Nodes of a rule are selected from common places instead of each node being matched against each rule."""
    TEMPLATE_INDEX = "template-index"
    """Where a rule asks for a template, only elements that carry it are looked at."""
    SHARED_RULES = "shared-rules"
    """An abstract rule is compiled once and called by the rules that extend it."""
    SHARED_CHECKS = "shared-checks"
    """A check that several rules have is compiled once."""
    JUDGED_ONCE = "judged-once"
    """In abstract rules, checks that look at nothing but values of attributes are judged once for each value."""
    PLATFORM_PATTERNS = "platform-patterns"
    """Where checks are judged once for each value, simple regular expressions are the platform's, not Saxon's own."""
    FAILURES_ONLY = "failures-only"
    """Only what failed is reported back, not what was checked and found right."""
    STATIC_TEXT = "static-text"
    """Fixed texts of messages stay out of the style sheet."""


ALL_REWRITES = frozenset(Rewrite)
NO_REWRITES: frozenset[Rewrite] = frozenset()
