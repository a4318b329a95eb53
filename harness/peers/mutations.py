"""Named alterations of our otherwise valid requests, as data: each changes one thing at one stage.

This is the registry of all families. Titles, explanations and requirements stand in the catalogue
(scenarios/catalogue/mutations*.yaml); the names there and here are the same.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from harness.peers import (
    mutations_assertions,
    mutations_identifiers,
    mutations_queries,
    mutations_submission,
    mutations_tokens,
    mutations_transport,
)
from harness.peers.mutation import Mutation

FAMILIES: tuple[Callable[[], Iterable[Mutation]], ...] = (
    mutations_assertions.table,
    mutations_identifiers.table,
    mutations_transport.table,
    mutations_queries.table,
    mutations_submission.table,
    mutations_tokens.table,
)
"""The tables of the families."""

MUTATIONS: Mapping[str, Mutation] = {
    mutation.name: mutations_tokens.also_in_token_requests(mutation)
    for mutation in chain.from_iterable(family() for family in FAMILIES)
}
"""Name to mutation, in the order of the catalogue."""
