"""Judges documents and messages: well-formedness, XML Schema, Schematron, codes, embedded files, cross-checks. Bytes in,
findings out.

May not know SOAP faults, transactions or scenarios, nor import the room that parses messages: a malformed message can
still be parsed there and judged here. Nothing checked is never a pass: no artefact that fits, a schema that is not whole,
an engine that died, each make the report inconclusive or an error, with the reason.
"""

from harness.validators._cross import cross_check
from harness.validators._cross_documents import DocumentKeys, NamedDocument, keys_of, related
from harness.validators._cross_metadata import EntryMetadata
from harness.validators._findings import verdict_of
from harness.validators._kinds import CDA_KINDS, facts_of, kind_of
from harness.validators._own_files import problems_in
from harness.validators._positions import EXCERPT_LENGTH, Position, PositionIndex
from harness.validators._unread import given_up, too_large
from harness.validators._validator import Validator
from harness.validators._valuesets import Designation, ValueSet, ValueSets, load_value_sets
from harness.validators.schematron import CompileCache, Engine, MemoryCache

__all__ = [
    "CDA_KINDS",
    "EXCERPT_LENGTH",
    "CompileCache",
    "Designation",
    "DocumentKeys",
    "Engine",
    "EntryMetadata",
    "MemoryCache",
    "NamedDocument",
    "Position",
    "PositionIndex",
    "Validator",
    "ValueSet",
    "ValueSets",
    "cross_check",
    "facts_of",
    "given_up",
    "keys_of",
    "kind_of",
    "load_value_sets",
    "problems_in",
    "related",
    "too_large",
    "verdict_of",
]
