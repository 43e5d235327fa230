"""A bad line between two daemons on loopback: it counts what goes over it, is slow, and is cut, as a test wants."""
import socket
import threading
import time


class Line:
    """Listens on a port of its own and passes on to `target`. rate: bytes a second, each way; cut_after: each connection ends after so
    many bytes of the target's. Small buffers, so that what is written here has not long left the sender."""

    def __init__(self, target, rate=None, cut_after=None):
        self.target = target.rsplit(":", 1)
        self.rate, self.cut_after = rate, cut_after
        self.forth = self.back = self.cuts = 0  # bytes to the target, and from it
        self.allowed = None  # bytes of the target's that may still pass while the line is held
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket()
            for side in (near, far):
                if self.rate is not None:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                far.connect((self.target[0], int(self.target[1])))
            except OSError:
                near.close()
                continue
            pair = [near, far]
            self.open.append(pair)
            threading.Thread(target=self.carry, args=(pair, near, far, False), daemon=True).start()
            threading.Thread(target=self.carry, args=(pair, far, near, True), daemon=True).start()

    def carry(self, pair, source, sink, back):
        carried, begun = 0, time.monotonic()
        try:
            while True:
                most = 1024 if self.rate is not None else 65536
                while back and self.allowed == 0:
                    time.sleep(0.002)
                if back and self.allowed is not None:
                    most = min(most, self.allowed)
                data = source.recv(most)
                if not data:
                    break
                if back and self.allowed is not None:
                    self.allowed = max(0, self.allowed - len(data))
                carried += len(data)
                if back:
                    self.back += len(data)
                else:
                    self.forth += len(data)
                if self.rate is not None:
                    ahead = carried / self.rate - (time.monotonic() - begun)
                    if ahead > 0:
                        time.sleep(ahead)
                    else:
                        begun -= ahead  # an idle line saves nothing up
                sink.sendall(data)
                if back and self.cut_after is not None and carried >= self.cut_after:
                    self.cuts += 1
                    break
        except OSError:
            pass
        self.end(pair)

    def until_here(self, do, here, step, most):
        """How many bytes of the target's pass from what `do` does until `here` says that it has arrived: the line stands still meanwhile,
        so that the figure does not depend on how long programs take. Fails beyond `most`, or when nothing more comes."""
        self.allowed = 0
        do()
        carried = 0
        while not here():
            assert carried < most, f"not here after {carried} bytes"
            self.allowed = step
            end = time.monotonic() + 120
            while self.allowed > 0:
                assert time.monotonic() < end, f"nothing more comes after {carried} bytes"
                time.sleep(0.005)
            carried += step
        self.allowed = None
        return carried

    def end(self, pair):
        for side in pair:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            side.close()
        if pair in self.open:
            self.open.remove(pair)

    def cut(self):
        """Ends what is open; the line can be dialled again."""
        self.cuts += 1
        for pair in list(self.open):
            self.end(pair)

    def close(self):
        self.listener.close()
        for pair in list(self.open):
            self.end(pair)
