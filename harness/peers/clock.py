"""What a peer does not make up itself: the time and identifiers, handed in so that a seeded run repeats."""

import random
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

type Clock = Callable[[], datetime]
"""The present instant, aware UTC."""


class Ids(Protocol):
    """Where fresh identifiers come from."""

    def uuid(self) -> str:
        """A new UUID in its 36-character text form, without `urn:uuid:`."""
        ...

    def digits(self, n: int) -> str:
        """`n` decimal digits, the first not 0."""
        ...


class SeededIds:
    """Identifiers that repeat with the seed; with None they come from the operating system.

    Test identifiers only: nothing secret is drawn from here, key material comes from the cryptography library.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)

    def uuid(self) -> str:
        """A random (version 4) UUID. Source: RFC 9562, 5.4."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def digits(self, n: int) -> str:
        """`n` decimal digits, the first not 0."""
        return str(self._random.randrange(10 ** (n - 1), 10**n))
