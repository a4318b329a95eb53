"""Schematron: reads a schema with all it includes, compiles it to XSLT 3.0 and runs it on Saxon in worker processes.

May not judge what a finding means for the verdict; `harness.validators` does. pyschematron is here as second engine,
behind a guard. Decision: the official packages rely on what no published processor does (abstract rules across patterns
with thousands of value-set look-ups), so the compiler is ours; without any `Rewrite` it is the plain reference of the others.
"""

from harness.validators.schematron._engine import (
    CompileCache,
    Engine,
    MemoryCache,
    SaxonEngine,
)
from harness.validators.schematron._outcome import SchEvent, SchOutcome, SchResult
from harness.validators.schematron._pool import EngineRefused, Pool, WorkerDied
from harness.validators.schematron._pyschematron import PyschematronEngine
from harness.validators.schematron._read import read_schema
from harness.validators.schematron._rewrites import ALL_REWRITES, NO_REWRITES, Rewrite
from harness.validators.schematron._svrl import svrl
from harness.validators.schematron._xpath import free_variables

__all__ = [
    "ALL_REWRITES",
    "NO_REWRITES",
    "CompileCache",
    "Engine",
    "EngineRefused",
    "MemoryCache",
    "Pool",
    "PyschematronEngine",
    "Rewrite",
    "SaxonEngine",
    "SchEvent",
    "SchOutcome",
    "SchResult",
    "WorkerDied",
    "free_variables",
    "read_schema",
    "svrl",
]
