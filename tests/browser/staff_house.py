"""The installation of house.py with a room of candidates from the load generator."""
import house
from room import Lines


class StaffHouse(house.House):
    def __init__(self, build):
        super().__init__(build)
        self.clients = None

    def sit_down(self, slips, rate):
        """A candidate for each slip, who checks in and will answer, all together RATE times a second."""
        path = self.text("slips", "".join(s + "\n" for s in slips))
        self.clients = Lines(self.room.load(path, 100000, "--rate", str(rate)))

    def phase(self, name):
        """All candidates have come so far."""
        return self.clients.phase(name, 60)

    def leave(self):
        """All at once, without a word."""
        self.clients.kill()
        self.clients = None

    def waiting_sitting(self, exam, group, title):
        """One that is open and admits nobody yet: its number and slips by user."""
        out = self.ctl("--json", "sitting", "create", "--exam", exam, "--title", title, "--group", group)
        number = str(out["sitting"])
        self.ctl("sitting", "open", number)
        return {"sitting": number, "slips": {s["user"]: s["slip"] for s in self.ctl("--json", "sitting", "slips", number)}}

    def end(self):
        if self.clients is not None:
            self.leave()
        super().end()


house.House = StaffHouse
if __name__ == "__main__":
    house.main()
