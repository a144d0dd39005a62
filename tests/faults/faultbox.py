"""The box through which the shims are told what to do (diskfault.h): change both together."""
import mmap
import os
import struct

MAGIC = 0x66617531
WRITE, SYNC = 1, 2
NONE, EIO, ENOSPC, SHORT, TORN, STALL, LOST, POWER = range(8)
ACTIONS = {"eio": EIO, "enospc": ENOSPC, "short": SHORT, "torn": TORN, "lost": LOST, "power": POWER}

_FIELDS = {"operations": (4, "<I"), "action": (8, "<I"), "lasting": (12, "<I"), "at": (16, "<Q"),
           "stall_ms": (24, "<Q"), "seen": (32, "<Q"), "fired": (40, "<Q"), "writes": (48, "<Q"),
           "syncs": (56, "<Q"), "wall_ms": (64, "<q"), "mono_ms": (72, "<q")}
_SIZE = 80


class FaultBox:
    """One file, mapped here and in the daemon and its children."""

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as f:
            f.write(struct.pack("<I", MAGIC).ljust(_SIZE, b"\0"))
            f.flush()
            self._map = mmap.mmap(f.fileno(), _SIZE)

    def __getattr__(self, name):
        at, form = _FIELDS[name]
        return struct.unpack_from(form, self._map, at)[0]

    def set(self, name, value):
        at, form = _FIELDS[name]
        struct.pack_into(form, self._map, at, value)

    def disarm(self):
        self.set("at", 0)

    def arm(self, operations, action, at=1, lasting=False, stall_ms=0):
        """At the AT-th of these operations from now on (LASTING: and at all later ones)."""
        self.disarm()
        self.set("operations", operations)
        self.set("action", action)
        self.set("lasting", int(lasting))
        self.set("stall_ms", stall_ms)
        self.set("seen", 0)
        self.set("fired", 0)
        self.set("at", at)

    def env(self, build, directory):
        """What the daemon's environment needs."""
        libs = [os.path.join(os.path.abspath(build), "tests", f"lib{n}.so")
                for n in ("diskfault", "clockshift")]
        for lib in libs:
            if not os.path.exists(lib):
                raise FileNotFoundError(lib)
        return {"LD_PRELOAD": " ".join(libs), "FAULT_BOX": self.path, "FAULT_DIR": directory}
