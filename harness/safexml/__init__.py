"""The one XML parser factory: no DTD, no entity expansion, no network, bounded depth, width and size.

Open to all rooms; imports nothing of ours but `errors`. Engines that parse for themselves (Saxon, xmlschema,
pyschematron) get only bytes that `parse` accepted. A document that is larger, deeper or wider than allowed is refused
before a tree of it exists, by a pass of expat that stops at the first excess; small ordinary documents are spared it.
"""

from harness.safexml._encoding import Text, text_of
from harness.safexml._limits import DEFAULT_LIMITS, XmlLimits
from harness.safexml._parse import parse
from harness.safexml._schema import Lead, parse_schema

__all__ = ["DEFAULT_LIMITS", "Lead", "Text", "XmlLimits", "parse", "parse_schema", "text_of"]
