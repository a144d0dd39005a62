#!/usr/bin/env python3
"""hostile.py: clients that drip, stall, reset, flood and lie; honest ones notice nothing.

Promise: each bound of time, size and number is kept to; the p99 of honest clients stays in the same
order and none of them is disconnected; an answer that came whole counts, however its sender left."""
import argparse
import json
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from room import Failed, Lines, Room, verdict  # noqa: E402
from wire import EXAMD, Client, Gone, Refused, answer, frame, tls_context  # noqa: E402

# Seconds, as the daemon is told; so far apart that each is seen to be kept by itself.
HANDSHAKE, FIRST_FRAME, FRAME, LOGIN = 1.0, 1.0, 4.0, 8.0
SLACK = 1.5  # of a busy machine
SETTINGS = {"handshake_ms": HANDSHAKE * 1000, "first_frame_ms": FIRST_FRAME * 1000, "frame_ms": FRAME * 1000,
            "login_ms": LOGIN * 1000, "client_queue_most": 65536}
HONEST = 8


class RawTls:
    """TLS whose records are handed out, so that we say which of them share a segment."""

    def __init__(self, port, context=None):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or tls_context()).wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def hello_bytes(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def shake(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                self.feed()
        self.socket.sendall(self.outgoing.read())

    def feed(self):
        data = self.socket.recv(65536)
        if not data:
            raise Gone("closed")
        self.incoming.write(data)

    def record(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def close_notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def read(self):
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.feed()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def drip(sock, data, seconds_each):
    """One byte at a time; how long until the other side would have no more of it."""
    begun = time.monotonic()
    sock.settimeout(seconds_each)
    for i in range(len(data)):
        try:
            sock.sendall(data[i:i + 1])
            # Whatever it says last, then its end.
            while sock.recv(4096):
                pass
            break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        raise Failed(f"{len(data)} bytes dripped in, {time.monotonic() - begun:.1f} s, and nobody minded")
    return time.monotonic() - begun


def within(what, seconds, limit):
    if not limit - 0.3 <= seconds <= limit + SLACK:
        raise Failed(f"{what}: ended after {seconds:.2f} s, the limit is {limit} s")


def dead_after(sock):
    """Until the other side has closed."""
    begun = time.monotonic()
    sock.settimeout(20)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        raise Failed("still open after 20 s") from None
    except OSError:
        pass
    return time.monotonic() - begun


# ---- Each is done again and again while the honest ones work ------------------------------------

def slow_handshake(port, _):
    t = RawTls(port)
    within("one byte at a time in the handshake", drip(t.socket, t.hello_bytes(), 0.05), HANDSHAKE)


def silent_from_the_start(port, _):
    s = socket.create_connection(("127.0.0.1", port))
    within("silence instead of a handshake", dead_after(s), HANDSHAKE)


def silent_after_handshake(port, _):
    t = RawTls(port)
    t.shake()
    within("silence after the handshake", dead_after(t.socket), FIRST_FRAME)


def slow_first_frame(port, _):
    t = RawTls(port)
    t.shake()
    hello = frame(EXAMD.encode("Request", {"id": 1, "hello": {"min_version": 1, "max_version": 1,
                                                              "client_id": os.urandom(16)}}))
    records = b"".join(t.record(hello[i:i + 1]) for i in range(len(hello)))
    within("one byte at a time in the first frame", drip(t.socket, records, 0.005), FIRST_FRAME)


def slow_later_frame(port, _):
    c = Client(port)
    c.hello()
    big = c.request_bytes("hello", min_version=1, max_version=1, client_id=c.client_id, client="x" * 60,
                          token=os.urandom(32))
    begun = time.monotonic()
    c.tls.settimeout(0.05)
    try:
        for i in range(len(big)):
            c.tls.sendall(big[i:i + 1])
            try:
                c.tls.recv(4096)
                break  # it was told why
            except TimeoutError:
                pass
        else:
            raise Failed("a frame dripped in whole and nobody minded")
    except (OSError, ssl.SSLError):
        pass
    finally:
        c.close()
    within("one byte at a time in a later frame", time.monotonic() - begun, FRAME)


def no_log_in(port, _):
    c = Client(port)
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + 20:
            c.hello()
            time.sleep(0.3)
        raise Failed("20 s without a log-in and nobody minded")
    except (Gone, Refused):
        within("Hello again and again, no log-in", time.monotonic() - begun, LOGIN)
    finally:
        c.close()


def reset_anywhere(port, rnd):
    t = RawTls(port)
    how = rnd.randrange(4)
    if how == 0:
        hello = t.hello_bytes()
        t.socket.sendall(hello[:rnd.randrange(len(hello))])
    else:
        t.shake()
        if how > 1:
            data = t.record(frame(os.urandom(rnd.randrange(1, 60))))
            t.socket.sendall(data if how == 2 else data[:rnd.randrange(len(data))])
    t.reset()


def lies(port, rnd):
    """Everything that is no message; each must end the connection or be refused, at once."""
    t = RawTls(port)
    t.shake()
    what = rnd.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack(">I", 4097) + b"x" * 200,
                       b"GET / HTTP/1.1\r\n\r\n", frame(os.urandom(50)),
                       frame(EXAMD.encode("Request", {"id": 1, "submit": {}}))])
    t.socket.sendall(t.record(what))
    begun = time.monotonic()
    try:
        t.read()
    except (OSError, Gone, ssl.SSLError):
        pass
    if time.monotonic() - begun > FIRST_FRAME + SLACK:
        raise Failed(f"{what[:20]!r} was not answered")
    t.socket.close()


def wrong_tls(port, rnd):
    how = rnd.choice(["no alpn", "other alpn", "tls 1.2"])
    c = tls_context({"no alpn": "", "other alpn": "h3", "tls 1.2": "examd/1"}[how])
    if how == "tls 1.2":
        c.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        t = RawTls(port, c)
        t.shake()
        t.socket.sendall(t.record(frame(EXAMD.encode("Request", {"id": 1, "hello": {"min_version": 1, "max_version": 1,
                                                                                "client_id": os.urandom(16)}}))))
        if t.read():
            raise Failed(f"{how}: was talked to")
    except (OSError, Gone, ssl.SSLError):
        pass
    if c.maximum_version != ssl.TLSVersion.TLSv1_2:
        t.socket.close()


def connect_and_go(port, _):
    for _ in range(50):
        socket.create_connection(("127.0.0.1", port)).close()


DEEDS = [slow_handshake, silent_from_the_start, silent_after_handshake, slow_first_frame, slow_later_frame, no_log_in,
         reset_anywhere, lies, wrong_tls, connect_and_go]


def hostile_for(port, seconds, seed):
    """All deeds beside each other; returns how often each was done."""
    end = time.monotonic() + seconds
    counts, errors = {}, []

    def work(deed, number):
        rnd = random.Random(seed * 1000 + number)
        while time.monotonic() < end and not errors:
            try:
                deed(port, rnd)
                counts[deed.__name__] = counts.get(deed.__name__, 0) + 1
            except Failed as e:
                errors.append(f"{deed.__name__}: {e}")
            except (OSError, ssl.SSLError, Gone, Refused):
                counts[deed.__name__] = counts.get(deed.__name__, 0) + 1
            time.sleep(0.02)

    threads = [threading.Thread(target=work, args=(d, i)) for i, d in enumerate(DEEDS * 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise Failed("; ".join(errors))
    for d in DEEDS:
        if d.__name__ not in counts:
            raise Failed(f"{d.__name__} was never done to its end")
    return counts


def slow_reader(port, slip):
    """Asks for the form again and again and reads a byte a second."""
    c = Client(port, receive_buffer=4096)
    c.become_ready(slip)
    request = c.request_bytes("get_form_piece", part=0, offset=0)
    c.tls.settimeout(0.5)
    begun, sent = time.monotonic(), 0
    try:
        while time.monotonic() < begun + 30:
            try:
                c.tls.sendall(request)
                sent += 1
            except TimeoutError:
                pass
            if sent % 100 == 0:
                c.tls.recv(1)
    except (OSError, ssl.SSLError):
        return sent
    finally:
        c.close()
    raise Failed(f"asked for {sent} pieces in 30 s, read next to nothing, and nobody minded")


# ---- The last words ---------------------------------------------------------------------------

def last_words(room, slip, rounds, rnd):
    """An answer and the close in one segment: the answer counts."""
    c = Client(room.port)
    c.become_ready(slip)
    room.ctl("sitting", "start", room.sitting)
    c.wait_notice("NOTICE_STARTED")
    revision, ways = 0, {}
    for i in range(rounds):
        t = RawTls(room.port)
        t.shake()
        t.socket.sendall(t.record(frame(EXAMD.encode("Request", {"id": 1, "hello": {
            "min_version": 1, "max_version": 1, "client_id": c.client_id, "token": c.token}}))))
        t.read()
        revision += 1
        put = frame(EXAMD.encode("Request", {"id": 2, "put_answers": {
            "answers": [answer(3, revision, revision % 2, 1)]}}))
        way = ["one segment", "half a frame before", "two records", "fin without close_notify"][i % 4]
        if way == "half a frame before":
            cut = rnd.randrange(1, len(put))
            t.socket.sendall(t.record(put[:cut]))
            time.sleep(0.01)
            t.socket.sendall(t.record(put[cut:]) + t.close_notify())
        elif way == "two records":
            cut = rnd.randrange(1, len(put))
            t.socket.sendall(t.record(put[:cut]) + t.record(put[cut:]) + t.close_notify())
        elif way == "one segment":
            t.socket.sendall(t.record(put) + t.close_notify())
        else:
            t.socket.sendall(t.record(put))
        t.socket.shutdown(socket.SHUT_WR)
        try:
            while t.socket.recv(4096):
                pass
        except OSError:
            pass
        t.socket.close()
        # Read over a connection of its own: the front passes them on in the order of their ends.
        check = Client(room.port, client_id=c.client_id, token=c.token)
        status = check.hello().status
        have = {h.item: h.revision for h in status.have}
        check.close()
        if have.get(3) != revision:
            raise Failed(f"last words ({way}): revision {revision} was sent whole, the server has {have.get(3)}")
        ways[way] = ways.get(way, 0) + 1
    c.close()
    return ways


def flood(room, slip):
    """Far above the rate: it waits and loses nothing."""
    c = Client(room.port)
    c.become_ready(slip)
    c.wait_notice("NOTICE_STARTED")
    n = 600
    begun = time.monotonic()
    c.send_raw(b"".join(c.request_bytes("put_answers", answers=[answer(0, i + 1, i % 2, 1)]) for i in range(n)))
    saved = 0
    while saved < n:
        r = c.receive()
        if r.id != 0 and (r.error or r.answer_acks.acks[0].error):
            raise Failed(f"a flood of answers: number {saved} was told {r.error or r.answer_acks.acks[0].error}")
        saved += r.id != 0
    c.close()
    return time.monotonic() - begun


def caps(build):
    """Connections in all: the next one is told so."""
    held = []
    with Room(build) as room:
        room.init()
        room.start("-o", "connections_most=10", "-o", "fronts=1")
        for _ in range(10):
            held.append(Client(room.port))
            held[-1].hello()
        try:
            Client(room.port).hello()
            raise Failed("an eleventh connection was let in where ten may be")
        except Refused as e:
            if e.error != "too_many":
                raise Failed(f"the eleventh was told {e.error}") from e
        held.pop().close()
        for _ in range(200):
            try:
                held.append(Client(room.port))
                held[-1].hello()
                break
            except (Gone, Refused):
                held.pop()
                time.sleep(0.05)
        else:
            raise Failed("nobody was let in again when one had left")
        for c in held:
            c.close()
        room.stop()


def honest(room, sitting, slips, seconds, meanwhile):
    path = os.path.join(room.tmp, f"slips.{sitting}")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(slips) + "\n")
    load = Lines(room.load(path, seconds))
    try:
        load.phase("checkin")
        room.ctl("sitting", "start", sitting)
        load.phase("start")
        meanwhile()
        line = load.phase("answers", 60)
        if load.process.wait(10) != 0:
            raise Failed(f"honest clients ended with {load.process.returncode}")
        return line
    finally:
        load.kill()


def clients_harm_nobody(a):
    with Room(a.build) as room:
        room.init()
        room.start(*[x for k, v in SETTINGS.items() for x in ("-o", f"{k}={int(v)}")])
        room.log_in()
        room.fill(HONEST)
        quiet_sitting = room.new_sitting()
        loud_sitting = room.new_sitting()
        words = last_words(room, room.slip_list()[0], 40, random.Random(a.seed))
        print(f"last words, all heard: {words}", flush=True)
        print(f"600 answers at once took {flood(room, room.slip_list()[1]):.2f} s at 200 a second, 400 at once")
        pieces = slow_reader(room.port, room.slip_list()[2])
        print(f"a slow reader was closed after {pieces} requests", flush=True)
        quiet = honest(room, *quiet_sitting, 4, lambda: None)
        counts = {}
        loud = honest(room, *loud_sitting, a.seconds + 1,
                      lambda: counts.update(hostile_for(room.port, a.seconds, a.seed)))
        print(f"hostile deeds: {json.dumps(counts)}")
        print(f"honest p99: {quiet['p99_ms']} ms alone, {loud['p99_ms']} ms beside them; "
              f"{loud['acked']} answers, {loud['reconnects']} disconnected")
        if loud["reconnects"] or loud["restarted"]:
            raise Failed("an honest client was disconnected")
        if loud["p99_ms"] > max(10 * quiet["p99_ms"], 50):
            raise Failed("honest clients noticed")
        room.stop()
        caps(a.build)
        print("connections above the cap are told so, and let in when there is room")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--seconds", type=int, default=12)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    return verdict(lambda: clients_harm_nobody(a), Gone, Refused)


if __name__ == "__main__":
    sys.exit(main())
