"""A TCP proxy before a PostgreSQL server that cuts connections at a message of the protocol.

A cut names a direction, the message at which it happens and how many of the message's bytes still pass. A message is
found by its number, counted over all connections since the cut before, or by its label ("CommandComplete COMMIT").
What the other side sent before the cut has arrived: a cut of the answer to COMMIT leaves a transaction that is
committed and a client that does not know.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

TO_SERVER, TO_CLIENT = "client to server", "server to client"
DIRECTIONS = (TO_SERVER, TO_CLIENT)

# Codes of messages that begin a connection, before which no type stands.
OPENING = {80877102: "CancelRequest", 80877103: "SSLRequest", 80877104: "GSSENCRequest", 196608: "StartupMessage"}
NAMES = {
    TO_SERVER: {
        b"Q": "Query", b"P": "Parse", b"B": "Bind", b"D": "Describe", b"E": "Execute", b"S": "Sync", b"C": "Close",
        b"H": "Flush", b"d": "CopyData", b"c": "CopyDone", b"f": "CopyFail", b"p": "PasswordMessage", b"X": "Terminate",
    },
    TO_CLIENT: {
        b"R": "Authentication", b"S": "ParameterStatus", b"K": "BackendKeyData", b"Z": "ReadyForQuery",
        b"T": "RowDescription", b"D": "DataRow", b"C": "CommandComplete", b"E": "ErrorResponse", b"N": "NoticeResponse",
        b"1": "ParseComplete", b"2": "BindComplete", b"3": "CloseComplete", b"n": "NoData", b"G": "CopyInResponse",
        b"I": "EmptyQueryResponse", b"t": "ParameterDescription", b"H": "CopyOutResponse", b"d": "CopyData",
        b"c": "CopyDone",
    },
}


@dataclass(frozen=True)
class Cut:
    direction: str
    # The message's number since the cut before, from 1, or among those of this label.
    number: int
    # The share of the message's bytes that pass.
    share: float = 0.5
    label: Optional[str] = None
    # Whether every connection is cut with it, as by a network that is gone.
    all: bool = False


class Framing:
    """Where messages begin and end in one direction of one connection."""

    def __init__(self, direction: str) -> None:
        self.direction = direction
        self.pending = bytearray()
        # Until the client has named the protocol its messages have no type; each request before is answered by a byte.
        self.is_opening = True

    def messages(self, data: bytes) -> Iterator[Tuple[str, bytes]]:
        """The messages that end with these bytes."""
        self.pending += data
        while True:
            found = self.next()
            if found is None:
                return
            label, size = found
            message = bytes(self.pending[:size])
            del self.pending[:size]
            yield label, message

    def next(self) -> Optional[Tuple[str, int]]:
        pending = self.pending
        if self.is_opening and self.direction == TO_SERVER:
            if len(pending) < 8:
                return None
            size, code = struct.unpack(">ii", pending[:8])
            if len(pending) < size:
                return None
            self.is_opening = code not in (196608, 80877102)
            return OPENING.get(code, "opening"), size
        if self.is_opening and pending[:1] in (b"N", b"S"):
            return "SSLResponse", 1
        if len(pending) < 5:
            return None
        size = 1 + struct.unpack(">i", pending[1:5])[0]
        if len(pending) < size:
            return None
        self.is_opening = False
        return self.label(bytes(pending[:size])), size

    def label(self, message: bytes) -> str:
        kind = NAMES[self.direction].get(message[:1], repr(message[:1]))
        text = message[5:]
        if kind == "Parse":
            text = text[text.index(b"\0") + 1 :]
        if kind in ("Query", "Parse", "CommandComplete"):
            words = text.split(b"\0")[0].decode("utf-8", "replace").split()
            return f"{kind} {words[0].strip(';')}" if words else kind
        return kind


class Proxy:
    """Listens on a port of the loopback interface until `close`."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.lock = threading.Lock()
        self.cuts: List[Cut] = []
        # How many messages of each direction, and how many of the next cut's label, were seen since the cut before.
        self.seen = {direction: 0 for direction in DIRECTIONS}
        self.seen_of_label = 0
        # The labels at which cuts happened, and of all messages while nothing was to be cut.
        self.hits: List[Tuple[str, str]] = []
        self.trace: List[Tuple[str, str]] = []
        self.open: List[Tuple[socket.socket, socket.socket]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()
        for pair in list(self.open):
            self.sever(pair)

    def arm(self, cuts: Sequence[Cut]) -> None:
        with self.lock:
            self.cuts = list(cuts)
            self.restart()

    @property
    def is_spent(self) -> bool:
        with self.lock:
            return not self.cuts

    def restart(self) -> None:
        self.seen = {direction: 0 for direction in DIRECTIONS}
        self.seen_of_label = 0

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.address)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            with self.lock:
                self.open.append(pair)
            threading.Thread(target=self.carry, args=(pair, TO_SERVER), daemon=True).start()
            threading.Thread(target=self.carry, args=(pair, TO_CLIENT), daemon=True).start()

    def carry(self, pair: Tuple[socket.socket, socket.socket], direction: str) -> None:
        origin, other = pair if direction == TO_SERVER else pair[::-1]
        framing = Framing(direction)
        try:
            while True:
                data = origin.recv(1 << 16)
                if not data:
                    break
                for label, message in framing.messages(data):
                    cut = self.due(direction, label)
                    if cut:
                        other.sendall(message[: int(len(message) * cut.share)])
                        self.sever_all() if cut.all else self.sever(pair)
                        return
                    other.sendall(message)
        except OSError:
            pass
        self.sever(pair)

    def due(self, direction: str, label: str) -> Optional[Cut]:
        with self.lock:
            self.seen[direction] += 1
            if not self.cuts:
                self.trace.append((direction, label))
                return None
            cut = self.cuts[0]
            if cut.direction != direction or cut.label not in (None, label):
                return None
            self.seen_of_label += 1
            if cut.number > (self.seen[direction] if cut.label is None else self.seen_of_label):
                return None
            self.cuts.pop(0)
            self.restart()
            self.hits.append((direction, label))
            return cut

    def sever_all(self) -> None:
        for pair in list(self.open):
            self.sever(pair)

    def sever(self, pair: Tuple[socket.socket, socket.socket]) -> None:
        with self.lock:
            if pair not in self.open:
                return
            self.open.remove(pair)
        for end in pair:
            # What was sent before still arrives, and the other thread wakes up.
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
