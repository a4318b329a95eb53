"""Sentences of records have a French form that is found again from the English one."""

import re

import pytest

from harness.model import HINTS, PHRASES, in_language, say


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_phrase_is_found_again_with_its_values(key: str) -> None:
    phrase = PHRASES[key]
    names = re.findall(r"\{(\w+)\}", phrase.en)
    values = {name: f"<{name}>" for name in names}

    assert sorted(re.findall(r"\{(\w+)\}", phrase.fr)) == sorted(names)
    assert in_language(say(key, **values), "fr") == phrase.fr.format(**values)
    assert in_language(say(key, **values), "en") == phrase.en.format(**values)


@pytest.mark.parametrize("key", sorted(HINTS))
def test_hint_has_a_french_sentence(key: str) -> None:
    assert in_language(HINTS[key].en, "fr") == HINTS[key].fr


def test_sentence_inside_a_sentence_is_translated_too() -> None:
    inner = say("no-value", reference="${a.b}", missing="'b'")

    said = in_language(say("depends", step="1", what=inner), "fr")

    assert said == "dépend de l'étape 1 : ${a.b} n'a pas de valeur : 'b' est absent"


def test_requirement_before_a_sentence_stays() -> None:
    assert in_language(f"XCPD-A-001: {say('nothing-judged')}", "fr").startswith("XCPD-A-001 : rien dans cette ligne")


def test_unknown_sentence_stays_as_it_is() -> None:
    assert in_language("HTTP 200, AA, OK, 1 patient", "fr") == "HTTP 200, AA, OK, 1 patient"
