"""What the files of the requirement catalogue and of the catalogue of alterations may look like."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.packs._fields import Form, Id, LocalizedText, Name, Names, Text, form_of

AlterationName = Annotated[
    Text,
    AfterValidator(
        form_of(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+", "E209", "area.thing.defect in lower case")
    ),
]


class RequirementForm(Form):
    """`unseen` is the reason why no exchange with the system can show whether the requirement is met."""

    id: Id
    level: Literal["SHALL", "SHOULD", "MAY"]
    inferred: bool = False
    actor: Literal["ncpeh-a", "ncpeh-b", "both"]
    transaction: Text = ""
    text: LocalizedText
    sources: Names = ()
    check: Text = ""
    negative: Text = ""
    unseen: LocalizedText | None = None


class RequirementsForm(Form):
    """A group of requirements."""

    requirements: Name
    title: LocalizedText
    prefix: Text
    items: tuple[RequirementForm, ...] = Field(min_length=1)


class DeviationForm(Form):
    id: Id
    requirements: Names = Field(min_length=1)
    seen_in: Text
    text: Text
    treatment: Text


class DeviationsForm(Form):
    """Known ways in which fielded products differ from requirements."""

    deviations: tuple[DeviationForm, ...]


class SourcesForm(Form):
    """What the short source keys of requirements stand for."""

    sources: dict[Text, Text]


class AlterationForm(Form):
    name: AlterationName
    title: LocalizedText
    explains: LocalizedText
    transactions: Names = Field(min_length=1)
    conformant: bool = False
    requirements: Names = ()


class MutationsForm(Form):
    """Named alterations of requests that our peers send."""

    mutations: tuple[AlterationForm, ...]


class FaultsForm(Form):
    """Named alterations of answers that our peers give."""

    faults: tuple[AlterationForm, ...]
