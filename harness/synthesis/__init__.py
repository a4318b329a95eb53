"""Documents of people who do not exist: CDA of every kind, made from the description in a population file.

The same description and seed give the same bytes. No file is written and no network touched here; nothing is validated
either: that is for `validators`. What is made is held against the schemas of the packs by the tests.
"""

from harness.synthesis.documents import Made, make_document, make_documents

__all__ = ["Made", "make_document", "make_documents"]
