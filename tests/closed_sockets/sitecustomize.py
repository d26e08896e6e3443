"""Read by every Python that a test starts: no connection but to this machine.

Attempts are written into the file that CLOSED_SOCKETS_LOG names, as a library may swallow the error.
"""

import os
import sys

LOOPBACK = ("127.", "::1", "localhost")
PLACES = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0}


def refuse(event, arguments):
    """Raise PermissionError where a socket is about to leave the machine."""
    if event not in PLACES:
        return
    address = arguments[PLACES[event]]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(address, tuple) or event == "socket.getaddrinfo":
        name = host.decode() if isinstance(host, bytes) else host
        if name and not name.startswith(LOOPBACK):
            if log := os.environ.get("CLOSED_SOCKETS_LOG"):
                with open(log, "a", encoding="utf-8") as stream:
                    stream.write(f"{event} {name}\n")
            raise PermissionError(f"closed to all but loopback: {name}")


sys.addaudithook(refuse)
