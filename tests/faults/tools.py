#!/usr/bin/env python3
"""tools.py: the tools of the fault tests do what they say: a fault that never strikes proves nothing."""
import argparse
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import wire
from faultbox import EIO, ENOSPC, LOST, POWER, SHORT, STALL, SYNC, TORN, WRITE, FaultBox
from proxy import DOWN, UP, Cut, Proxy

BUILD = "."


class TheShims(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="examd-tools-")
        self.addCleanup(shutil.rmtree, self.tmp)
        os.mkdir(os.path.join(self.tmp, "data"))
        self.db = os.path.join(self.tmp, "data", "a.db")
        self.box = FaultBox(os.path.join(self.tmp, "box"))
        self.env = dict(os.environ, **self.box.env(BUILD, os.path.join(self.tmp, "data")))

    def sql(self, text, shim=True):
        p = subprocess.run(["sqlite3", self.db], input=text.replace(";", ";\n"), capture_output=True, text=True,
                           env=self.env if shim else None, check=False)
        return p.returncode, p.stdout.split()

    def test_every_action_strikes_at_its_number_and_once(self):
        for operation in (WRITE, SYNC):
            for action in (EIO, ENOSPC, SHORT, TORN, LOST, POWER):
                self.sql("pragma journal_mode=wal; create table if not exists t(x);", shim=False)
                self.box.arm(operation, action, 3)
                status, _ = self.sql("insert into t values(1); insert into t values(2); insert into t values(3);"
                                     "insert into t values(4);")
                self.assertEqual(self.box.fired, 1, (operation, action))
                self.assertGreaterEqual(self.box.seen, 3)
                if not (operation == WRITE and action == SHORT):  # SQLite writes the rest
                    self.assertNotEqual(status, 0, (operation, action))

    def test_a_lasting_fault_stays_until_it_is_taken_away(self):
        self.sql("create table t(x);")
        self.box.arm(WRITE, ENOSPC, 1, lasting=True)
        for _ in range(3):
            self.assertNotEqual(self.sql("insert into t values(1);")[0], 0)
        self.assertGreaterEqual(self.box.fired, 3)
        self.box.disarm()
        self.assertEqual(self.sql("insert into t values(1);")[0], 0)

    def test_a_loss_of_power_takes_back_what_was_not_synced_and_nothing_else(self):
        for synchronous, may_lose in (("full", False), ("off", True)):
            lost = 0
            for n in range(2, 40, 4):
                self.sql("pragma journal_mode=wal; create table t(x);", shim=False)
                self.box.arm(WRITE, POWER, n)
                _, said = self.sql(f"pragma synchronous={synchronous}; " + "".join(
                    f"insert into t values({i}); select 'ok{i}'; " for i in range(20)))
                self.box.disarm()
                _, rows = self.sql("pragma integrity_check; select x from t;", shim=False)
                self.assertEqual(rows[0], "ok")
                lost += len({s[2:] for s in said if s.startswith("ok")} - set(rows[1:]))
                for name in os.listdir(os.path.dirname(self.db)):
                    os.remove(os.path.join(os.path.dirname(self.db), name))
            self.assertEqual(lost > 0, may_lose, synchronous)

    def test_a_stall_takes_its_time_and_then_all_is_done(self):
        self.box.arm(SYNC, STALL, 1, stall_ms=300)
        begun = time.monotonic()
        self.assertEqual(self.sql("create table t(x);")[0], 0)
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)

    def test_files_elsewhere_are_let_alone(self):
        self.box.arm(WRITE, EIO, 1, lasting=True)
        self.db = os.path.join(self.tmp, "elsewhere.db")
        self.assertEqual(self.sql("create table t(x);")[0], 0)
        self.assertEqual(self.box.writes, 0)

    def test_the_wall_clock_steps(self):
        self.box.set("wall_ms", -3600 * 1000)
        said = int(subprocess.run(["date", "+%s"], env=self.env, capture_output=True, text=True, check=True).stdout)
        self.assertAlmostEqual(time.time() - said, 3600, delta=2)


class TheProtocol(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self):
        q = {"id": 300, "room_command": {"command_id": b"\1" * 16, "attempts": [1, 1 << 40], "verb": "ROOM_ADD_MINUTES",
                                         "minutes": -5, "reason": "später", "force": True}}
        d = wire.EXAMD.decode("Request", wire.EXAMD.encode("Request", q))
        r = d.room_command
        self.assertEqual((d.id, r.attempts, r.minutes, r.reason, r.force, r.verb),
                         (300, [1, 1 << 40], -5, "später", 1, wire.EXAMD.number("ROOM_ADD_MINUTES")))

    def test_an_empty_message_is_there_and_zeros_in_lists_stay(self):
        d = wire.EXAMD.decode("Request", wire.EXAMD.encode("Request", {"id": 1, "list_exams": {}}))
        self.assertIsNotNone(d.list_exams)
        self.assertIsNone(d.hello)
        a = wire.EXAMD.decode("Answer", wire.EXAMD.encode("Answer", {"chosen": [0, 2], "codes": ["", "E11.9"]}))
        self.assertEqual((a.chosen, a.codes), ([0, 2], ["", "E11.9"]))


class TheProxy(unittest.TestCase):
    """Before a server that repeats what it hears over TLS, as examd/1."""

    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="examd-tools-")
        self.addCleanup(shutil.rmtree, self.tmp)
        pem = os.path.join(self.tmp, "pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=x", "-keyout", pem, "-out", pem + ".crt"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem + ".crt", pem)
        context.set_alpn_protocols(["examd/1"])
        context.num_tickets = 0
        self.heard = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=self.serve, args=(listener, context), daemon=True).start()
        self.proxy = Proxy(listener.getsockname()[1])
        self.addCleanup(self.proxy.close)

    def serve(self, listener, context):
        while True:
            try:
                raw = listener.accept()[0]
            except OSError:
                return
            try:
                s = context.wrap_socket(raw, server_side=True)
            except OSError:
                raw.close()
                continue
            heard = []
            self.heard.append(heard)
            try:
                while data := s.recv(1000):
                    heard.append(data)
                    s.sendall(data)
            except OSError:
                pass
            s.close()

    def talk(self, cut):
        """How much of "hello" came back; None: nothing more to be heard."""
        self.proxy.reset_counts(lambda n: cut)
        c = wire.Client(self.proxy.port, timeout=5)
        try:
            c.send_raw(b"hello")
            return c.tls.recv(100) or None
        except (OSError, ssl.SSLError, wire.Gone):
            return None
        finally:
            c.close()

    def test_without_a_cut_all_passes_and_is_counted(self):
        self.assertEqual(self.talk(None), b"hello")
        self.assertEqual(self.proxy.sent[0], [27, 27])  # a record of 5: header 5, type 1, tag 16

    def test_a_cut_upwards_lets_the_server_hear_the_whole_record_or_nothing(self):
        for after in (0, 1, 26, 27):
            self.assertFalse(self.talk(Cut(UP, after)) and after < 27)
            self.assertEqual(self.proxy.cuts_done, 1)
            deadline = time.monotonic() + (2 if after == 27 else 0.2)
            while not any(self.heard) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual([h for h in self.heard if h], [[b"hello"]] if after == 27 else [], after)

    def test_a_cut_downwards_keeps_the_reply_from_the_client_only(self):
        for after in (0, 13, 26):
            self.assertIsNone(self.talk(Cut(DOWN, after, reset=after == 13)))
            self.assertEqual(self.proxy.cuts_done, 1)
            self.assertEqual(self.heard[-1], [b"hello"])

    def test_what_is_held_comes_later(self):
        c = wire.Client(self.proxy.port, timeout=5)
        c.send_raw(b"hello")
        self.assertEqual(c.tls.recv(100), b"hello")
        self.proxy.hold()
        time.sleep(0.3)  # whatever its thread was about to pass on
        c.send_raw(b"again")
        time.sleep(0.3)
        self.assertEqual(self.heard[-1], [b"hello"])
        self.proxy.let_go()
        self.assertEqual(c.tls.recv(100), b"again")
        c.close()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True, help="a release: the shims are preloaded")
    a, rest = p.parse_known_args()
    BUILD = a.build
    unittest.main(argv=[sys.argv[0], *rest])
