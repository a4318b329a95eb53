"""Every text the report can say, extracted from its sources with Babel as translators do."""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

KEYWORDS = {"say": None, "N_": None, "_": None, "count": (1, 2)}


def extracted(project: Path) -> Catalog:
    """The texts of `harness/report` and `reports/templates` of `project`."""
    catalogue = Catalog(locale="fr")
    found = [
        *extract_from_dir(project / "harness" / "report", [("**.py", "python")], keywords=KEYWORDS),
        *extract_from_dir(
            project / "reports" / "templates",
            [("**.html", "jinja2.ext:babel_extract")],
            options_map={"**.html": {"trimmed": "true", "silent": "false"}},
            keywords=KEYWORDS,
        ),
    ]
    for file, line, message, _comments, _context in found:
        catalogue.add(message, locations=[(file, line)])
    return catalogue
