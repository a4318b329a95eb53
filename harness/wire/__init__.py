"""Builds and parses what crosses the wire: HTTP, SOAP, MTOM, WS-Security, SAML, HL7v3, XDS, CDA headers, XML signature.

Bytes or elements in, frozen values out, and back; one module a message family. May not open sockets or files, read a
clock or draw random numbers (they come in as arguments), and may not judge: parsers are tolerant, a value that is
absent on the wire is None or empty in the type, so that a check can say what it thinks of it. `WireError` is left for
bytes from which no value of the type can be read at all.

The room exposes modules, not names: `from harness.wire import xcpd`, then `xcpd.parse_answer(...)`. Modules that begin
with an underscore are private to the room.
"""
