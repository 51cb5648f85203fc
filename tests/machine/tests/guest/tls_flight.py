# SPDX-License-Identifier: GPL-2.0-only
"""A TLS client that decides which bytes it sends when."""

import ssl

from stream import Stream
from khttpd_tls import ADDRESS, HOST, context


class Flights(Stream):
    """A connection whose handshake goes on flight by flight."""

    def __init__(self, settings=None, session=None, address=ADDRESS):
        super().__init__(address)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (settings or context()).wrap_bio(
            self.incoming, self.outgoing, server_hostname=HOST, session=session
        )

    def flight(self):
        """Returns the client's next flight, and whether it ends the handshake."""
        try:
            self.tls.do_handshake()
            return self.outgoing.read(), True
        except ssl.SSLWantReadError:
            return self.outgoing.read(), False

    def hear(self):
        """Receives something of the server's flight."""
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError
        self.incoming.write(piece)

    def last_flight(self):
        """Shakes hands; returns the last flight, which is not sent yet. It may be empty."""
        while True:
            flight, is_last = self.flight()
            if is_last:
                return flight
            self.send(flight)
            self.hear()

    def encrypted(self, *texts):
        """Returns records with these texts."""
        for text in texts:
            self.tls.write(text)
        return self.outgoing.read()

    def fill(self):
        """Receives application data; returns False at its end."""
        while True:
            try:
                piece = self.tls.read(65536)
                self.left += piece
                return bool(piece)
            except ssl.SSLWantReadError:
                try:
                    self.hear()
                except EOFError:
                    self.incoming.write_eof()
            except ssl.SSLZeroReturnError:
                return False
