"""The TLS handshake of our listeners, and in words why one did not come about."""

import asyncio
import ssl

from harness.peers.network import SecureSocket


async def shake_hands(stream: SecureSocket, context: ssl.SSLContext, *, within_s: float, other: str) -> str:
    """Does the server's side of the handshake on `stream`; empty when it is secured, else what went wrong.

    Args:
        within_s: seconds after which it is given up.
        other: what to call whoever is at the other end, in a sentence.
    """
    try:
        async with asyncio.timeout(within_s):
            await stream.shake_hands(context, server_side=True)
    except TimeoutError:
        return "the handshake did not end in time"
    except ssl.SSLEOFError:
        return f"the {other} closed the connection during the handshake"
    except ssl.SSLError as exc:
        return (exc.reason or "failed").replace("_", " ").lower()
    except OSError:
        return f"the {other} reset the connection during the handshake"
    return ""
