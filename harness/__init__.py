"""Conformance-testing harness for MyHealth@EU national contact points (NCPeH).

Declarative scenarios drive a system under test against simulated peers over real HTTPS, SOAP and SAML; what was said on
the wire is kept as evidence, judged requirement by requirement, and printed as a report. The rooms of the package and
the direction of their imports are described in docs/architecture.md.
"""

__version__ = "0.1.0"
