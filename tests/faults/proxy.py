"""A TCP proxy that cuts TLS connections at a byte, holds them, or lets them through."""
import select
import socket
import struct
import threading
import time

UP, DOWN = 0, 1  # to the server, to the client
_APPLICATION_DATA = 23


class Cut:
    """After AFTER bytes in DIRECTION, counted from the end of the handshake."""

    def __init__(self, direction, after, reset=False):
        self.direction, self.after, self.reset = direction, after, reset

    def __repr__(self):
        return f"{'up' if self.direction == UP else 'down'}@{self.after}{' rst' if self.reset else ''}"


class _Records:
    """Follows the client's TLS records, to see the end of its handshake."""

    def __init__(self):
        self.head, self.left, self.done = b"", 0, False

    def handshake_bytes(self, data):
        """How many bytes of DATA still belong to it."""
        at = 0
        while at < len(data) and not self.done:
            if self.left == 0:
                n = min(5 - len(self.head), len(data) - at)
                self.head += data[at:at + n]
                at += n
                if len(self.head) == 5:
                    self.left = struct.unpack(">H", self.head[3:])[0]
            else:
                n = min(self.left, len(data) - at)
                self.left -= n
                at += n
                if self.left == 0:
                    # The client's Finished is its first encrypted record.
                    self.done = self.head[0] == _APPLICATION_DATA
                    self.head = b""
        return at


class Proxy:
    """Listens on .port.  PLAN(n) says how connection number n (from 0) is cut: a Cut, or None.
    .sent[n] is [up, down]: bytes passed on after the handshake."""

    def __init__(self, target, plan=lambda n: None):
        self.target, self.plan = target, plan
        self.sent = []
        self.cuts_done = 0
        self.held = threading.Event()  # nothing passes, nobody is let in
        self._live = []
        self._end = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._end = True
        self._listener.close()
        self.cut_all()

    def reset_counts(self, plan):
        self.plan = plan
        self.sent = []
        self.cuts_done = 0

    def hold(self):
        """As if the cable were out: what comes waits."""
        self.held.set()

    def let_go(self):
        self.held.clear()

    def cut_all(self):
        for pair in list(self._live):
            _kill(pair, False)

    def _accept(self):
        while not self._end:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number = len(self.sent)
            self.sent.append([0, 0])
            threading.Thread(target=self._serve, daemon=True, args=(
                client, self.sent[number], self.plan(number))).start()

    def _serve(self, client, sent, cut):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        pair = (client, server)
        for s in pair:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._live.append(pair)
        try:
            self._pump(client, server, sent, cut)
        except (OSError, ValueError):  # ValueError: closed by cut_all() while it was waited for
            pass
        self._live.remove(pair)
        _kill(pair, False)

    def _pump(self, client, server, sent, cut):
        records = _Records()
        while True:
            ready, _, _ = select.select([client, server], [], [], 0.2)
            while self.held.is_set():
                time.sleep(0.005)
            for source in ready:
                direction = UP if source is client else DOWN
                data = source.recv(65536)
                if not data:
                    return
                skip = records.handshake_bytes(data) if direction == UP else 0
                if direction == DOWN and not records.done:
                    skip = len(data)
                fresh = len(data) - skip
                if cut is not None and records.done and direction == cut.direction and \
                        sent[direction] + fresh >= cut.after:
                    data = data[:skip + cut.after - sent[direction]]
                    (server if direction == UP else client).sendall(data)
                    self.cuts_done += 1
                    _kill((client, server), cut.reset)
                    return
                sent[direction] += fresh
                (server if direction == UP else client).sendall(data)


def _kill(pair, reset):
    for s in pair:
        try:
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()
