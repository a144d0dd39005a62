"""HTTP/2 by hand: frames as they are told to be, right or wrong; only answers' header lists are read by nghttp2.

It sends nothing by itself but the preface: no acknowledgement, no window."""
import ctypes
import os
import socket
import ssl
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "torture"), os.path.join(HERE, "..", "faults")]
from room import Failed  # noqa: E402
from wire import EXAMD, Gone, tls_context  # noqa: E402

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
TABLE_SIZE, ENABLE_PUSH, STREAMS, INITIAL_WINDOW, FRAME_SIZE, LIST_SIZE = range(1, 7)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WIDE = (1 << 31) - 1 - 65535  # to be added to a window


# ---- Header lists -----------------------------------------------------------------------------

def number(value, bits, first=0):
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return number(len(s), 7) + s


def literal(name, value, first=0):
    """A field that is spelt; FIRST 0x40: and kept in the table."""
    return bytes([first]) + text(name) + text(value)


def head(fields):
    return b"".join(literal(n, v) for n, v in fields)


class _Field(ctypes.Structure):
    _fields_ = [("name", ctypes.POINTER(ctypes.c_uint8)), ("value", ctypes.POINTER(ctypes.c_uint8)),
                ("namelen", ctypes.c_size_t), ("valuelen", ctypes.c_size_t), ("flags", ctypes.c_uint8)]


class Inflater:
    """nghttp2's: the daemon is built with it, so it is there."""
    EMIT, FINAL = 2, 1

    def __init__(self):
        self.lib = ctypes.CDLL("libnghttp2.so.14")
        self.lib.nghttp2_hd_inflate_hd2.restype = ctypes.c_ssize_t
        self.lib.nghttp2_hd_inflate_hd2.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(_Field), ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_size_t,
            ctypes.c_int]
        self.lib.nghttp2_hd_inflate_end_headers.argtypes = [ctypes.c_void_p]
        self.lib.nghttp2_hd_inflate_del.argtypes = [ctypes.c_void_p]
        self.it = ctypes.c_void_p()
        if self.lib.nghttp2_hd_inflate_new(ctypes.byref(self.it)) != 0:
            raise MemoryError

    def __del__(self):
        if self.it:
            self.lib.nghttp2_hd_inflate_del(self.it)

    def fields(self, block):
        out, field, flags = [], _Field(), ctypes.c_int()
        while True:
            n = self.lib.nghttp2_hd_inflate_hd2(self.it, ctypes.byref(field), ctypes.byref(flags), block, len(block), 1)
            if n < 0:
                raise Failed(f"the server's header list is none: {n}")
            block = block[n:]
            if flags.value & self.EMIT:
                out.append((ctypes.string_at(field.name, field.namelen).decode(),
                            ctypes.string_at(field.value, field.valuelen).decode()))
            if flags.value & self.FINAL:
                self.lib.nghttp2_hd_inflate_end_headers(self.it)
                return dict(out)


# ---- A connection -----------------------------------------------------------------------------

class Answer:
    def __init__(self):
        self.fields, self.body, self.ended, self.reset = {}, b"", False, None

    @property
    def status(self):
        return int(self.fields.get(":status", 0))


class Browser:
    """reads: opens the windows for what has come, and acknowledges SETTINGS and PING."""

    def __init__(self, port, settings=(), receive_buffer=0, reads=True, timeout=20):
        self.authority = f"127.0.0.1:{port}"
        self.reads, self.next, self.goaway, self.over, self.pongs = reads, 1, None, False, 0
        self.answers, self.buffer, self.inflater, self.received = {}, b"", Inflater(), 0
        self.last_id, self.raw_seen = 0, bytearray()
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.tls = tls_context("h2").wrap_socket(raw, server_hostname="localhost")
        except (OSError, ssl.SSLError) as e:
            raw.close()
            raise Gone(str(e)) from e
        if self.tls.selected_alpn_protocol() != "h2":
            raise Failed("h2 was not chosen")
        self.send(PREFACE + self.settings_bytes(settings))
        if reads:
            self.send(self.window_bytes(0, WIDE))

    def close(self):
        self.tls.close()

    # ---- Out

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def send(self, data):
        try:
            self.tls.sendall(data)
        except (OSError, ssl.SSLError) as e:
            self.over = True
            raise Gone(str(e)) from e

    def settings_bytes(self, settings):
        return self.frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", k, v) for k, v in settings))

    def window_bytes(self, stream, add):
        return self.frame(WINDOW, 0, stream, struct.pack(">I", add))

    def fields(self, method, path, **more):
        """For a POST, as a page of this server's own sends it; None takes a field away."""
        out = {":method": method, ":scheme": "https", ":authority": self.authority, ":path": path}
        if method == "POST":
            out.update({"origin": "https://" + self.authority, "sec-fetch-site": "same-origin",
                        "content-type": "application/proto"})
        out.update({k.replace("_", "-"): v for k, v in more.items()})
        return [(k, v) for k, v in out.items() if v is not None]

    def new_stream(self):
        n = self.next
        self.next += 2
        self.answers[n] = Answer()
        return n

    def request_bytes(self, stream, method, path, body=b"", end=True, **more):
        out = self.frame(HEADERS, END_HEADERS | (END_STREAM if end and not body else 0), stream,
                         head(self.fields(method, path, **more)))
        for i in range(0, len(body), 16384):
            last = i + 16384 >= len(body)
            out += self.frame(DATA, END_STREAM if end and last else 0, stream, body[i:i + 16384])
        return out

    def submit(self, method, path, body=b"", end=True, **more):
        n = self.new_stream()
        self.send(self.request_bytes(n, method, path, body, end, **more))
        return n

    # ---- In

    def step(self, seconds=20):
        """Takes what comes next; False: nothing did in time.  Raises Gone at the end."""
        if len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            self.tls.settimeout(max(seconds, 0.001))
            try:
                data = self.tls.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                return False
            except (OSError, ssl.SSLError) as e:
                self.over = True
                raise Gone(str(e)) from e
            finally:
                if not self.over:
                    self.tls.settimeout(20)
            if not data:
                self.over = True
                raise Gone("closed")
            self.received += len(data)
            self.raw_seen += data
            self.buffer += data
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                break
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
            self.take(kind, flags, stream, payload)
        return True

    def take(self, kind, flags, stream, payload):
        a = self.answers.setdefault(stream, Answer()) if stream else None
        if kind == HEADERS:
            a.fields = self.inflater.fields(payload)
        elif kind == DATA:
            a.body += payload
            if self.reads and payload:
                self.send(self.window_bytes(0, len(payload)) + self.window_bytes(stream, len(payload)))
        elif kind == RST:
            a.reset = struct.unpack(">I", payload)[0]
            a.ended = True
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">I", payload[4:8])[0]
        elif kind == PING and flags & ACK:
            self.pongs += 1
        elif kind in (SETTINGS, PING) and not flags & ACK and self.reads:
            self.send(self.frame(kind, ACK, 0, payload if kind == PING else b""))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            a.ended = True

    def until(self, what, test, seconds=20):
        end = time.monotonic() + seconds
        while not test():
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"waited {seconds} s in vain: {what}")
            self.step(left)

    def finish(self, stream, seconds=20):
        a = self.answers[stream]
        self.until(f"the answer on stream {stream}", lambda: a.ended, seconds)
        return a

    def ask(self, method, path, body=b"", **more):
        return self.finish(self.submit(method, path, body, **more))

    def ends(self, seconds=20):
        """Until the server has closed it; how long that took, or None."""
        begun = time.monotonic()
        try:
            self.until("the server closes", lambda: False, seconds)
        except Gone:
            return time.monotonic() - begun
        except Failed:
            return None

    # ---- A tab

    def open_tab(self):
        self.stream = self.submit("POST", "/examd.v1/open")
        a = self.answers[self.stream]
        self.until("the tab", lambda: a.fields)
        if a.status != 200:
            raise Failed(f"open: {a.status}")
        self.tab = a.fields["examd-tab"]
        return a

    def call_bytes(self, stream, member, tab=None, number_of_it=None, **fields):
        self.last_id += 1
        body = EXAMD.encode("Request", {"id": number_of_it or self.last_id, member: fields})
        return self.request_bytes(stream, "POST", "/examd.v1/" + member, body, examd_tab=tab or self.tab)

    def submit_call(self, member, /, **fields):
        n = self.new_stream()
        self.send(self.call_bytes(n, member, **fields))
        return n

    def call(self, member, /, **fields):
        a = self.finish(self.submit_call(member, **fields))
        if a.status != 200:
            raise Failed(f"{member}: {a.status}")
        return EXAMD.decode("Reply", a.body)

    def do(self, member, /, **fields):
        r = self.call(member, **fields)
        if r.error:
            raise Failed(f"{member}: error {r.error} {r.detail}")
        return r

    def notices(self):
        """Of the tab, those that have come whole."""
        out, data = [], self.answers[self.stream].body
        while len(data) >= 4:
            size = struct.unpack(">I", data[:4])[0]
            if len(data) < 4 + size:
                break
            if size:
                out.append(EXAMD.decode("Reply", data[4:4 + size]))
            data = data[4 + size:]
        return out

    def become_ready(self, slip):
        """Tab, Hello, slip, check-in, form, confirmation."""
        self.open_tab()
        self.client_id = os.urandom(16)
        self.do("hello", min_version=1, max_version=1, client="h2", client_id=self.client_id)
        self.do("use_slip", slip=slip)
        status = self.do("check_in", command_id=os.urandom(16)).status
        for part, info in enumerate(status.parts):
            got = 0
            while got < info.sealed_size:
                got += len(self.do("get_form_piece", part=part, offset=got).form_piece.data)
        self.do("confirm_form", command_id=os.urandom(16), hash=[p.hash for p in status.parts])
        return status
