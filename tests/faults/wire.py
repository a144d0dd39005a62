"""A client of examd in a few lines: messages made from examd.proto itself, over Python's own TLS.

It does exactly what it is told, nothing by itself: no reconnecting, no resending, no journal."""
import os
import re
import socket
import ssl
import struct

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# ---- proto3, as much of it as our messages use ------------------------------------------------

class Schema:
    """Messages and enums of a .proto file."""

    def __init__(self, path):
        text = re.sub(r"//[^\n]*", "", open(path, encoding="utf-8").read())
        self.messages, self.enums, self.numbers = {}, {}, {}
        for kind, name, body in re.findall(r"\b(message|enum)\s+(\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", text):
            if kind == "enum":
                self.enums[name] = {n: int(v) for n, v in re.findall(r"(\w+)\s*=\s*(\d+)\s*;", body)}
                self.numbers.update(self.enums[name])
            else:
                self.messages[name] = {
                    int(number): (field, what, bool(many))
                    for many, what, field, number in
                    re.findall(r"(repeated\s+)?([\w.]+)\s+(\w+)\s*=\s*(\d+)\s*;", body)}

    def number(self, name):
        return self.numbers[name]

    def encode(self, name, value):
        out = bytearray()
        fields = {field: (number, what, many) for number, (field, what, many) in self.messages[name].items()}
        for field, v in value.items():
            number, what, many = fields[field]
            if v is None:
                continue
            if many and self._is_number(what):
                if v:
                    packed = b"".join(_varint(x) for x in v)
                    out += _varint(number << 3 | 2) + _varint(len(packed)) + packed
                continue
            for one in v if many else [v]:
                out += self._field(number, what, one, many)
        return bytes(out)

    def _is_number(self, what):
        return what in ("uint32", "uint64", "int32", "int64", "bool") or what in self.enums

    def _field(self, number, what, v, keep):
        if self._is_number(what):
            v = int(self.numbers[v] if isinstance(v, str) else v)
            return _varint(number << 3) + _varint(v) if v or keep else b""
        if what in self.messages:
            data = self.encode(what, v)
        else:
            data = v.encode() if isinstance(v, str) else bytes(v)
            if not data and not keep:
                return b""
        return _varint(number << 3 | 2) + _varint(len(data)) + data

    def decode(self, name, data):
        out = Message({field: [] if many else self._default(what)
                       for field, what, many in self.messages[name].values()})
        at = 0
        while at < len(data):
            tag, at = _read_varint(data, at)
            if tag & 7 == 0:
                raw, at = _read_varint(data, at)
            else:
                assert tag & 7 == 2, "our messages have no fixed-size fields"
                size, at = _read_varint(data, at)
                raw, at = data[at:at + size], at + size
            if tag >> 3 not in self.messages[name]:
                continue
            field, what, many = self.messages[name][tag >> 3]
            if many and self._is_number(what) and tag & 7 == 2:
                i = 0
                while i < len(raw):
                    v, i = _read_varint(raw, i)
                    out[field].append(_as(what, v))
                continue
            v = self._value(what, raw)
            if many:
                out[field].append(v)
            else:
                out[field] = v
        return out

    def _default(self, what):
        return 0 if self._is_number(what) else None if what in self.messages else \
            "" if what == "string" else b""

    def _value(self, what, raw):
        if self._is_number(what):
            return _as(what, raw)
        if what in self.messages:
            return self.decode(what, raw)
        return raw.decode() if what == "string" else raw


class Message(dict):
    """A dictionary whose keys are attributes, too; an absent message is None."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _as(what, v):
    return v - (1 << 64) if what in ("int32", "int64") and v >> 63 else v


def _varint(v):
    v &= (1 << 64) - 1
    out = bytearray()
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v)
    return bytes(out)


def _read_varint(data, at):
    v = shift = 0
    while True:
        v |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return v, at


EXAMD = Schema(os.path.join(TOP, "proto/wire/examd.proto"))
RECORD = Schema(os.path.join(TOP, "daemon/record/record.proto"))


def _list_of_errors():
    text = open(os.path.join(TOP, "proto/base/err.def"), encoding="utf-8").read()
    return {name.lower(): int(n) for name, n in re.findall(r"^ERR\((\w+), (\d+),", text, re.M)}


ERR = _list_of_errors()
ERR_NAME = {v: k for k, v in ERR.items()}


# ---- The connection ---------------------------------------------------------------------------

class Gone(Exception):
    """The connection ended, or nothing came in time."""


class Refused(Exception):
    def __init__(self, reply):
        self.error = ERR_NAME.get(reply.error, reply.error)
        super().__init__(f"{self.error}: {reply.detail}")


def tls_context(alpn="examd/1"):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if alpn:
        c.set_alpn_protocols([alpn])
    return c


def frame(message):
    return struct.pack(">I", len(message)) + message


class Client:
    def __init__(self, port, timeout=20, client_id=None, token=b"", receive_buffer=0):
        self.client_id = client_id or os.urandom(16)
        self.token = token
        self.timeout = timeout
        self.notices = []
        self.clock = None
        self.last_id = 0
        self.buffer = b""
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.tls = tls_context().wrap_socket(raw, server_hostname="localhost",
                                                 suppress_ragged_eofs=False)
        except (OSError, ssl.SSLError) as e:
            raw.close()
            raise Gone(str(e)) from e

    def close(self):
        self.tls.close()

    def reset(self):
        """Ends with RST instead of FIN."""
        self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tls.close()

    def send_raw(self, data):
        try:
            self.tls.sendall(data)
        except (OSError, ssl.SSLError) as e:
            raise Gone(str(e)) from e

    def request_bytes(self, body, /, **fields):
        self.last_id += 1
        return frame(EXAMD.encode("Request", {"id": self.last_id, body: fields}))

    def send(self, body, /, **fields):
        self.send_raw(self.request_bytes(body, **fields))
        return self.last_id

    def receive(self):
        """The next Reply, notices included."""
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + size:
                    message = EXAMD.decode("Reply", self.buffer[4:4 + size])
                    self.buffer = self.buffer[4 + size:]
                    if message.clock is not None:
                        self.clock = message.clock
                    return message
            try:
                data = self.tls.recv(65536)
            except (OSError, ssl.SSLError) as e:
                raise Gone(str(e)) from e
            if not data:
                raise Gone("closed")
            self.buffer += data

    def reply_to(self, number):
        while True:
            r = self.receive()
            if r.id == number:
                return r
            if r.id == 0 and r.error:
                raise Refused(r)
            self.notices.append(r)

    def ask(self, body, /, **fields):
        """Any reply, with an error or not."""
        return self.reply_to(self.send(body, **fields))

    def do(self, body, /, **fields):
        r = self.ask(body, **fields)
        if r.error:
            raise Refused(r)
        return r

    def wait_notice(self, kind):
        number = EXAMD.number(kind)
        while True:
            for i, r in enumerate(self.notices):
                if r.notice is not None and r.notice.kind == number:
                    return self.notices.pop(i).notice
            self.notices.append(self.receive())

    # ---- What a candidate does

    def hello(self):
        r = self.do("hello", min_version=1, max_version=1, client="faults", client_id=self.client_id,
                    token=self.token)
        return r.hello

    def use_slip(self, slip):
        r = self.do("use_slip", slip=slip)
        self.token = r.session.token or self.token
        return r.session

    def log_in(self, user, password):
        r = self.do("log_in", user=user, password=password)
        self.token = r.session.token
        return r.session

    def fetch_form(self, status):
        """The sealed bytes of all parts; nobody looks into them here."""
        out = []
        for part, info in enumerate(status.parts):
            data = b""
            while len(data) < info.sealed_size:
                piece = self.do("get_form_piece", part=part, offset=len(data)).form_piece.data
                assert piece, "an empty piece before the end"
                data += piece
            out.append(data)
        return out

    def become_ready(self, slip, command_ids=None):
        """Hello, slip, check-in, form, confirmation; the sitting admits everybody."""
        ids = command_ids or [os.urandom(16), os.urandom(16)]
        self.hello()
        self.use_slip(slip)
        status = self.do("check_in", command_id=ids[0]).status
        self.attempt = status.attempt
        self.fetch_form(status)
        self.do("confirm_form", command_id=ids[1], hash=[p.hash for p in status.parts])
        return status

    def answer(self, item, revision, choice=0, seat=None):
        """The acknowledgement of one answer."""
        r = self.do("put_answers", answers=[answer(item, revision, choice, seat or self.clock.seat)])
        return r.answer_acks.acks[0]


def answer(item, revision, choice, seat):
    return {"item": item, "revision": revision, "chosen": [choice], "seat": seat}
