"""Prints a run, or the validation of single documents: HTML pages in English and French, and JUnit XML.

A run record goes in, pages come out. This room judges nothing, asks no clock and no network, and decodes messages only to show
them: whatever bytes a system sent, rendering ends with a page. Decision behind it: typed views are built in Python (`views`),
templates print them and compute nothing, and escaping happens in one place (`html`).
"""

from harness.report.html import render_html
from harness.report.junit import render_junit
from harness.report.validation import render_validation, render_validation_index
from harness.report.validation_junit import JunitCase, junit_case, junit_document

__all__ = [
    "JunitCase",
    "junit_case",
    "junit_document",
    "render_html",
    "render_junit",
    "render_validation",
    "render_validation_index",
]
