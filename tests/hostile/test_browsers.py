#!/usr/bin/env python3
"""test_browsers.py: HTTP/2 from people who mean harm, to a daemon that runs; honest clients notice nothing.

Promise: each bound of PROTOCOL.md, "Browsers", is kept to, by the end of the connection or of the stream, in its
time; then the fronts hold no more memory and no more descriptors than before; candidates in terminals and one in a
browser lose no connection, and their acknowledgements stay in the same order of time."""
import argparse
import json
import os
import random
import re
import socket
import ssl
import statistics
import struct
import sys
import threading
import time

from h2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW, PING, PRIORITY, PUSH,
                RST, SETTINGS, WINDOW, Browser, head, literal, number)
from room import Failed, Lines, Room, run, until, verdict
from wire import EXAMD, Gone, answer, tls_context

# Seconds, as the daemon is told; so far apart that each is seen to be kept by itself.
HANDSHAKE, FIRST_FRAME, FRAME, LOGIN = 2.0, 5.0, 3.0, 7.0
DRAIN = 2.0  # that a refusal may take to be read
SLACK = 3.0  # of a busy machine
SETTINGS_OF_DAEMON = {"handshake_ms": HANDSHAKE * 1000, "first_frame_ms": FIRST_FRAME * 1000,
                      "frame_ms": FRAME * 1000, "login_ms": LOGIN * 1000, "client_queue_most": 65536}
NO_ERROR, PROTOCOL_ERROR, CALM = 0, 1, 11
HONEST = 8
NOTICED = 1000           # ms of an acknowledgement, 99 of 100; a tenth of it, half of them
MEMORY_MOST = 8 << 10    # KiB that the fronts may have more afterwards
PEAK_MOST = 96 << 10     # ... and meanwhile


def expect(what, seen, *wanted):
    if seen not in wanted:
        raise Failed(f"{what}: {seen}, not {' or '.join(map(str, wanted))}")


def within(what, seconds, limit):
    if seconds is None or not limit - 1.5 <= seconds <= limit + SLACK:
        raise Failed(f"{what}: ended after {seconds} s, the limit is {limit} s")


def flood(b, what, pieces, reads=True, told=(CALM,)):
    """The connection must end before all of it is taken, with a code that says why."""
    begun = time.monotonic()
    try:
        for piece in pieces:
            b.send(piece)
            while reads and b.step(0):
                pass
    except Gone:
        pass
    if b.ends(5) is None and not b.over:
        raise Failed(f"{what}: nobody minded")
    if time.monotonic() - begun > 20:
        raise Failed(f"{what}: it took {time.monotonic() - begun:.1f} s")
    if b.goaway not in (*told, None):  # none: what was unread when it closed took it along
        raise Failed(f"{what}: was told {b.goaway}")
    b.close()


# ---- Floods -------------------------------------------------------------------------------------

def rapid_reset(port, _):
    b = Browser(port)
    flood(b, "streams opened and taken back", (
        b"".join(b.request_bytes(n, "GET", "/") + b.frame(RST, 0, n, struct.pack(">I", 8))
                 for n in range(1 + 200 * i, 201 + 200 * i, 2)) for i in range(10)))


def rapid_reset_of_tabs(port, _):
    b = Browser(port)
    flood(b, "tabs opened and taken back", (
        b"".join(b.request_bytes(n, "POST", "/examd.v1/open") + b.frame(RST, 0, n, struct.pack(">I", 8))
                 for n in range(1 + 200 * i, 201 + 200 * i, 2)) for i in range(10)))


def resets_that_the_server_makes(port, _):
    """Heads without a path: each makes the server take a stream back."""
    b = Browser(port)
    flood(b, "streams that have to be refused", (
        b"".join(b.frame(HEADERS, END_HEADERS | END_STREAM, n, head([(":method", "GET"), (":scheme", "https")]))
                 for n in range(1 + 200 * i, 201 + 200 * i, 2)) for i in range(20)), told=(CALM, PROTOCOL_ERROR))


def windows_too_wide(port, _):
    """Streams whose window overflows, which the server has to take back."""
    b = Browser(port)
    flood(b, "windows that overflow", (
        b"".join(b.request_bytes(n, "POST", "/examd.v1/open") + b.window_bytes(n, (1 << 31) - 1)
                 for n in range(1 + 100 * i, 101 + 100 * i, 2)) for i in range(40)), told=(CALM, PROTOCOL_ERROR))


def ten_thousand_streams(port, _):
    """Left half open; whoever goes on after the hundredth is not heard for long."""
    b = Browser(port)
    flood(b, "10,000 streams left half open", (
        b"".join(b.request_bytes(n, "POST", "/examd.v1/hello", end=False) for n in range(1 + 200 * i, 201 + 200 * i, 2))
        for i in range(100)), told=(CALM, PROTOCOL_ERROR))


def ten_thousand_streams_unread(port, _):
    b = Browser(port, receive_buffer=4096, reads=False)
    b.tls.settimeout(5)
    flood(b, "10,000 streams, refusals unread", (
        b"".join(b.request_bytes(n, "POST", "/examd.v1/hello", end=False) for n in range(1 + 200 * i, 201 + 200 * i, 2))
        for i in range(100)), reads=False, told=(CALM, PROTOCOL_ERROR))


def flood_of(what, make, count=4000, reads=True):
    def deed(port, _):
        b = Browser(port, receive_buffer=0 if reads else 4096, reads=reads)
        piece = make(b)
        flood(b, what, (piece * 100 for _ in range(count // 100)), reads)
    deed.__name__ = what.replace(" ", "_")
    return deed


def empty_data(port, _):
    b = Browser(port)
    n = b.submit("POST", "/examd.v1/open", end=False)
    flood(b, "empty DATA", (b.frame(DATA, 0, n) * 100 for _ in range(40)))


def continuations(port, _):
    b = Browser(port)
    flood_begins = b.frame(HEADERS, 0, 1, head([(":method", "GET")]))
    try:
        b.send(flood_begins)
        for _ in range(200):
            b.send(b.frame(CONTINUATION, 0, 1, literal("x", "y")) * 100)
    except Gone:
        pass
    if not b.over and b.ends(5) is None:
        raise Failed("20,000 CONTINUATIONs of one head: nobody minded")
    b.close()


def empty_continuations(port, _):
    b = Browser(port)
    try:
        b.send(b.frame(HEADERS, 0, 1, head([(":method", "GET")])))
        for _ in range(200):
            b.send(b.frame(CONTINUATION, 0, 1) * 100)
    except Gone:
        pass
    if not b.over and b.ends(5) is None:
        raise Failed("20,000 empty CONTINUATIONs: nobody minded")
    b.close()


# ---- Heads that are too long ----------------------------------------------------------------

def long_heads(port, _):
    b = Browser(port)
    for fields in ([("x-long", "a" * 9000)], [(f"x{i}", "y") for i in range(400)]):
        n = b.new_stream()
        b.send(b.frame(HEADERS, END_HEADERS | END_STREAM, n, head(b.fields("GET", "/") + fields)))
        if b.finish(n).reset is None:
            raise Failed("a head above the limit was answered")
    expect("after heads that were too long", b.ask("GET", "/").status, 200)
    b.close()


def header_bomb(port, _):
    """4,000 bytes that are kept, named 12,000 times: 48 MB of fields in 16 KB."""
    b = Browser(port)
    n = b.new_stream()
    block = head(b.fields("GET", "/")) + literal("x", "a" * 4000, 0x40)
    block += number(62, 7, 0x80) * (16384 - len(block))
    b.send(b.frame(HEADERS, END_HEADERS | END_STREAM, n, block))
    if b.finish(n).reset is None:
        raise Failed("a header bomb was answered")
    flood(b, "header bombs", (b.frame(HEADERS, END_HEADERS | END_STREAM, i, head(b.fields("GET", "/")) +
                                      number(62, 7, 0x80) * 8000) for i in range(3, 1003, 2)))


# ---- Slow ones ----------------------------------------------------------------------------------

def silent(port, _):
    b = Browser(port)
    within("a browser without a tab", b.ends(LOGIN + 10), LOGIN)
    b.close()


def half_a_preface(port, _):
    with socket.create_connection(("127.0.0.1", port)) as raw:
        t = tls_context("h2").wrap_socket(raw, server_hostname="localhost", do_handshake_on_connect=True)
        begun = time.monotonic()
        t.sendall(b"PRI * HTTP/2.0\r\n")
        t.settimeout(LOGIN + 10)
        try:
            while t.recv(4096):
                pass
        except (OSError, ssl.SSLError):
            pass
        within("half a preface", time.monotonic() - begun, LOGIN)
        t.close()


def dripping_body(port, _):
    b = Browser(port)
    b.open_tab()
    n = b.submit("POST", "/examd.v1/hello", end=False, examd_tab=b.tab)
    begun = time.monotonic()
    while not b.answers[n].ended:
        b.send(b.frame(DATA, 0, n, b"\x08"))
        b.step(0.25)
        if time.monotonic() - begun > FRAME + 10:
            raise Failed("a body dripped for long and nobody minded")
    within("a byte of a body now and then", time.monotonic() - begun, FRAME)
    expect("a body that does not come whole", b.answers[n].status, 408)
    b.close()


def unread_tab(port, _):
    """Nobody logs in, and nobody reads that it is to end."""
    b = Browser(port, settings=[(INITIAL_WINDOW, 0)], reads=False)
    b.submit("POST", "/examd.v1/open")
    within("a tab that is not read", b.ends(LOGIN + DRAIN + 10), LOGIN)
    b.close()


def tab_after_tab(port, _):
    """Each is given up before its time is over; the connection's own time is over once."""
    b = Browser(port)
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + LOGIN + 12:
            b.open_tab()
            b.do("hello", min_version=1, max_version=1, client_id=os.urandom(16))
            b.send(b.frame(RST, 0, b.stream, struct.pack(">I", 8)))
            b.step(0.3)
        raise Failed("tabs were opened one after the other for long, and nobody minded")
    except Gone:
        within("one tab after the other", time.monotonic() - begun, LOGIN)
    b.close()


def unread_files(port, _):
    b = Browser(port, settings=[(INITIAL_WINDOW, 0)], reads=False)
    b.send(b"".join(b.request_bytes(b.new_stream(), "GET", "/") for _ in range(100)))
    within("files that are not read", b.ends(LOGIN + 10), LOGIN)
    b.close()


def unread_pieces(port, slip):
    """Logged in; asks for the form again and again and opens no window."""
    b = Browser(port)
    b.become_ready(slip)
    b.send(b.settings_bytes([(INITIAL_WINDOW, 0)]))
    b.reads = False
    sent, begun = 0, time.monotonic()
    try:
        while b.answers[b.stream].reset is None and time.monotonic() < begun + 15:
            if sent < 90:
                b.submit_call("get_form_piece", part=0, offset=0)
                sent += 1
            b.step(0.01 if sent < 90 else 0.5)
    except Gone:
        return
    if b.answers[b.stream].reset is None:
        raise Failed(f"{sent} pieces that nobody reads, and nobody minded")
    b.close()


def unfinished_bodies(port, slip):
    """Logged in, so that a body may be long: 30 of 60,000 bytes that do not end."""
    b = Browser(port)
    b.become_ready(slip)
    streams = [b.submit("POST", "/examd.v1/put_answers", b"\x08" * 60000, end=False, examd_tab=b.tab)
               for _ in range(30)]
    for n in streams:
        b.finish(n, FRAME + 10)
        expect("a long body that does not end", b.answers[n].status, 408, 429)
    if not any(b.answers[n].status == 429 for n in streams):
        raise Failed("30 bodies of 60,000 bytes each were kept at once")
    b.close()


# ---- Lies -----------------------------------------------------------------------------------------

def lies(port, _):
    """What no browser sends; each ends the connection at once."""
    f = Browser.frame
    get = head([(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "/")])
    both = END_HEADERS | END_STREAM
    for what, data in {
        "an even stream": f(HEADERS, both, 2, get),
        "a head on stream 0": f(HEADERS, both, 0, get),
        "a body on stream 0": f(DATA, 0, 0, b"x"),
        "a body on an idle stream": f(DATA, 0, 5, b"x"),
        "a window of an idle stream": f(WINDOW, 0, 5, struct.pack(">I", 1)),
        "a reset of an idle stream": f(RST, 0, 5, struct.pack(">I", 8)),
        "a reset of stream 0": f(RST, 0, 0, struct.pack(">I", 8)),
        "a short reset": f(HEADERS, both, 1, get) + f(RST, 0, 1, b"x"),
        "the connection's window too wide": f(WINDOW, 0, 0, struct.pack(">I", (1 << 31) - 1)),
        "a push": f(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + get),
        "half a setting": f(SETTINGS, 0, 0, b"abc"),
        "settings of a stream": f(SETTINGS, 0, 1),
        "a window of 2^31": f(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW, 1 << 31)),
        "a short ping": f(PING, 0, 0, b"abc"),
        "a frame of 16 MB": b"\xff\xff\xff" + bytes([DATA, 0, 0, 0, 0, 1]) + b"x" * 20000,
        "a continuation of nothing": f(CONTINUATION, END_HEADERS, 1, get),
        "a head inside a head": f(HEADERS, 0, 1, get) + f(HEADERS, both, 3, get),
        "a header list that is none": f(HEADERS, both, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff"),
        "padding longer than its frame": f(HEADERS, both | 8, 1, b"\xff" + get),
    }.items():
        b = Browser(port)
        try:
            b.send(data)
            took = b.ends(5)
        except Gone:
            took = 0
        if took is None:
            raise Failed(f"{what}: nobody minded")
        if b.goaway == NO_ERROR:
            raise Failed(f"{what}: was told that all is well")
        b.close()


def streams_that_go_back(port, _):
    """RFC 9113 lets a server overlook them; they are not answered."""
    b = Browser(port)
    b.next = 9
    expect("stream 9", b.ask("GET", "/").status, 200)
    b.next = 3
    n = b.submit("GET", "/")
    b.next = 11
    try:
        expect("stream 11", b.ask("GET", "/").status, 200)
    except Gone:
        pass
    expect("stream 3 after stream 9", b.answers[n].status, 0)
    b.close()


def no_http2(port, _):
    """The alert says that there is nothing in common; who says h2 and speaks otherwise is not answered."""
    for alpn in ("http/1.1", "h2c", "h3"):
        try:
            with socket.create_connection(("127.0.0.1", port)) as raw:
                tls_context(alpn).wrap_socket(raw, server_hostname="localhost")
            raise Failed(f"{alpn} was let in")
        except ssl.SSLError as e:
            expect(f"{alpn} alone", "NO_APPLICATION_PROTOCOL" in str(e).upper().replace(" ", "_"), True)
    for said in (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
                 b"\0\0\0\x10" + b"x" * 16, os.urandom(64)):
        with socket.create_connection(("127.0.0.1", port)) as raw:
            t = tls_context("h2").wrap_socket(raw, server_hostname="localhost")
            t.settimeout(5)
            t.sendall(said)
            seen = b""
            try:
                while True:
                    data = t.recv(4096)
                    if not data:
                        break
                    seen += data
            except TimeoutError:
                raise Failed(f"{said[:16]!r} instead of HTTP/2: nobody minded") from None
            except (OSError, ssl.SSLError):
                pass
            if b"HTTP/1" in seen:
                raise Failed("HTTP/1.1 was answered")
            t.close()


def upgrades(port, _):
    """Fields of HTTP/1.1, tunnels and web sockets: the stream is taken back, the connection goes on."""
    b = Browser(port)
    for more in ({"connection": "upgrade"}, {"upgrade": "h2c"}, {"transfer_encoding": "chunked"}):
        a = b.ask("GET", "/", **more)
        expect(str(more), a.reset, PROTOCOL_ERROR)
    n = b.new_stream()
    b.send(b.frame(HEADERS, END_HEADERS, n, head([(":method", "CONNECT"), (":authority", "127.0.0.1:22")])))
    b.until("a tunnel is refused", lambda: b.answers[n].ended)
    expect("a tunnel", b.answers[n].status, 405, 0)
    n = b.new_stream()
    b.send(b.frame(HEADERS, END_HEADERS, n, head([
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/examd.v1/open"),
        (":authority", b.authority)])))
    b.until("a web socket is refused", lambda: b.answers[n].ended)
    expect("a web socket", b.answers[n].status, 405, 0)
    expect("after all that", b.ask("GET", "/").status, 200)
    b.close()


def foreign_pages(port, _):
    b = Browser(port)
    own = "https://" + b.authority
    for more in ({"origin": None}, {"origin": "null"}, {"origin": "https://evil.example"},
                 {"origin": own + ".evil.example"}, {"origin": own.replace("https", "http")}, {"origin": own + "0"}, {"sec_fetch_site": "cross-site"},
                 {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "none"}):
        expect(f"open with {more}", b.ask("POST", "/examd.v1/open", **more).status, 403)
        expect(f"log_in with {more}", b.ask("POST", "/examd.v1/log_in", b"\x08\x01", **more).status, 403)
    expect("a form of HTML", b.ask("POST", "/examd.v1/open", content_type="text/plain").status, 415)
    expect("a page as POST", b.ask("POST", "/", b"x").status, 405)
    expect("a file elsewhere", b.ask("GET", "/../secrets/tls.key").status, 404)
    b.close()


def tabs_and_calls(port, _):
    b, other = Browser(port), Browser(port)
    for _ in range(8):
        b.open_tab()
    expect("a ninth tab", b.ask("POST", "/examd.v1/open").status, 429)
    other.open_tab()
    expect("another connection's tab", b.ask("POST", "/examd.v1/hello", b"\x08\x01", examd_tab=other.tab).status, 410)
    open_calls = [b.submit("POST", "/examd.v1/hello", end=False, examd_tab=b.tab) for _ in range(32)]
    expect("a 33rd call", b.ask("POST", "/examd.v1/hello", b"\x08\x01", examd_tab=b.tab).status, 429)
    b.send(b"".join(b.frame(DATA, END_STREAM, n, b"\x08\x01") for n in open_calls))
    expect("32 calls", {b.finish(n).status for n in open_calls}, {400})
    long = b.ask("POST", "/examd.v1/hello", b"\x08" * 5000, examd_tab=b.tab)
    expect("a message too long before log-in", long.status, 413)
    b.close()
    other.close()


def gone_in_the_middle(port, rnd):
    for _ in range(20):
        b = Browser(port)
        data = b.request_bytes(1, "POST", "/examd.v1/open") + b.request_bytes(3, "GET", "/")
        b.send(data[:rnd.randrange(len(data))])
        b.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        b.close()


DEEDS = [
    rapid_reset, rapid_reset_of_tabs, resets_that_the_server_makes, windows_too_wide, ten_thousand_streams,
    ten_thousand_streams_unread, empty_data, continuations, empty_continuations, long_heads, header_bomb, silent,
    half_a_preface, dripping_body, unread_tab, tab_after_tab, unread_files, lies, streams_that_go_back,
    no_http2, upgrades, foreign_pages,
    tabs_and_calls, gone_in_the_middle,
    flood_of("pings", lambda b: b.frame(PING, 0, 0, b"12345678")),
    flood_of("pings unread", lambda b: b.frame(PING, 0, 0, b"12345678"), reads=False),
    flood_of("settings", lambda b: b.frame(SETTINGS, 0, 0)),
    flood_of("settings that move windows", lambda b: b.settings_bytes([(INITIAL_WINDOW, 1), (INITIAL_WINDOW, 9)])),
    flood_of("settings unread", lambda b: b.frame(SETTINGS, 0, 0), reads=False),
    flood_of("priorities", lambda b: b.frame(PRIORITY, 0, 9, struct.pack(">IB", 0, 1))),
]
WITH_SLIP = [unread_pieces, unfinished_bodies]


# ---- The honest -----------------------------------------------------------------------------

class HonestBrowser(threading.Thread):
    """Saves an answer ten times a second and hears its notices, as long as it is let."""

    def __init__(self, room, slip):
        super().__init__(daemon=True)
        self.b = Browser(room.port)
        self.b.become_ready(slip)
        self.took, self.wrong, self.stop = [], None, threading.Event()

    def run(self):
        try:
            self.b.until("the start", lambda: any(n.notice and n.notice.kind == EXAMD.number("NOTICE_STARTED")
                                                  for n in self.b.notices()), 60)
            revision = 0
            while not self.stop.wait(0.1):
                revision += 1
                begun = time.monotonic()
                r = self.b.do("put_answers", answers=[answer(0, revision, revision % 2, 1)])
                self.took.append((time.monotonic() - begun) * 1000)
                if r.answer_acks.acks[0].error:
                    raise Failed(f"answer {revision}: error {r.answer_acks.acks[0].error}")
            if self.b.answers[self.b.stream].ended:
                raise Failed("its tab has ended")
        except (Failed, Gone) as e:
            self.wrong = f"the honest browser: {e}"
        finally:
            self.b.close()


def honest(room, seconds, meanwhile):
    """Of the acknowledgements in terminals and in the browser: p99 and all."""
    number_of_it, slips = room.new_sitting()
    path = os.path.join(room.tmp, f"slips.{number_of_it}")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(slips[1:HONEST]) + "\n")
    load, browser = Lines(room.load(path, seconds, "--rate", "100")), None
    try:
        load.phase("checkin")
        browser = HonestBrowser(room, slips[0])
        browser.start()
        room.ctl("sitting", "start", number_of_it)
        load.phase("start")
        meanwhile()
        line = load.phase("answers", seconds + 60)
        if load.process.wait(10) != 0:
            raise Failed(f"honest terminals ended with {load.process.returncode}")
        browser.stop.set()
        browser.join(30)
        if browser.wrong or not browser.took:
            raise Failed(browser.wrong or "the honest browser saved nothing")
        return line, sorted(browser.took)
    finally:
        if browser:
            browser.stop.set()
        load.kill()


# ---- The fronts -----------------------------------------------------------------------------

def memory_kib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))
    return total


def descriptors(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


class Peak(threading.Thread):
    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.most, self.stop = pids, 0, threading.Event()

    def run(self):
        while not self.stop.wait(0.05):
            self.most = max(self.most, memory_kib(self.pids))


def is_sanitized(program):
    return "__asan_init" in run("nm", "-D", program, check=False).stdout or \
        "__tsan_init" in run("nm", "-D", program, check=False).stdout


def hostile(port, slips, rounds, seed):
    """All deeds beside each other; what went wrong."""
    wrong, done = [], {}

    def work(deed, arguments):
        for i in range(rounds):
            try:
                deed(port, arguments[i])
                done[deed.__name__] = done.get(deed.__name__, 0) + 1
            except (Failed, Gone, OSError, KeyError) as e:
                wrong.append(f"{deed.__name__}: {type(e).__name__} {e}")
                return

    threads = [threading.Thread(target=work, args=(d, [random.Random(seed * 1000 + i * 10 + r) for r in range(rounds)]))
               for i, d in enumerate(DEEDS)]
    threads += [threading.Thread(target=work, args=(d, slips[i * rounds:])) for i, d in enumerate(WITH_SLIP)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return wrong, done


def browsers_harm_nobody(a):
    with Room(a.build) as room:
        room.init()
        room.start(*[x for k, v in SETTINGS_OF_DAEMON.items() for x in ("-o", f"{k}={int(v)}")])
        room.log_in()
        room.fill(HONEST + 2 * a.rounds)
        fronts = [f["pid"] for f in room.status()["fronts"]]
        quiet, quiet_browser = honest(room, 3, lambda: None)
        before, were = memory_kib(fronts), descriptors(fronts)
        peak, said = Peak(fronts), {}

        def meanwhile():
            begun = time.monotonic()
            said["wrong"], said["done"] = hostile(room.port, room.slip_list()[HONEST:], a.rounds, a.seed)
            said["seconds"] = time.monotonic() - begun
        peak.start()
        loud, loud_browser = honest(room, a.seconds * a.rounds, meanwhile)
        until("descriptors as before", 10, lambda: descriptors(fronts) <= were)
        peak.stop.set()
        after = memory_kib(fronts)
        print(f"{len(said['done'])} deeds in {said['seconds']:.1f} s: {json.dumps(said['done'])}")
        print(f"fronts: {before} KiB before, {peak.most} at most, {after} after; {were} descriptors, as before")
        print(f"terminals: p99 {quiet['p99_ms']} ms alone, {loud['p99_ms']} ms beside them; {loud['acked']} answers, "
              f"{loud['reconnects']} disconnected")
        print(f"the browser: median {statistics.median(quiet_browser):.1f} ms alone, "
              f"{statistics.median(loud_browser):.1f} ms beside them; {len(loud_browser)} answers")
        if said["wrong"]:
            raise Failed("; ".join(said["wrong"]))
        if [f["pid"] for f in room.status()["fronts"]] != fronts:
            raise Failed("a front has ended")
        if loud["reconnects"] or loud["restarted"]:
            raise Failed("an honest client was disconnected")
        if loud["p50_ms"] > max(10 * quiet["p50_ms"], NOTICED / 10) or loud["p99_ms"] > max(quiet["p99_ms"], NOTICED):
            raise Failed("honest terminals noticed")
        if statistics.median(loud_browser) > max(10 * statistics.median(quiet_browser), NOTICED / 10):
            raise Failed("the honest browser noticed")
        if is_sanitized(room.tool("examd")):
            print("a sanitizer keeps what is freed: memory is not judged")
        elif after > before + MEMORY_MOST or peak.most > before + PEAK_MOST:
            raise Failed("the fronts' memory grew")
        room.stop()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--seconds", type=int, default=14, help="that the honest work beside it")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", help="one deed, alone")
    a = p.parse_args()
    if a.only:
        DEEDS[:] = [d for d in DEEDS if d.__name__ == a.only]
        WITH_SLIP[:] = [d for d in WITH_SLIP if d.__name__ == a.only]
    return verdict(lambda: browsers_harm_nobody(a), Gone)


if __name__ == "__main__":
    sys.exit(main())
