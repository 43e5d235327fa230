"""Two network namespaces with a link between them that is as bad as a test wants: `tc netem` where the kernel has it, else packets are
carried by hand (AF_PACKET), at a rate, after a delay, some of them lost. Needs root; where that is not allowed, what there is not is said
and the test is skipped (77)."""
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time

NEAR, FAR = "10.77.0.1", "10.77.0.2"
# Packets are carried as they are: the kernel must fill in checksums, and make none larger than the link takes (SIOCETHTOOL).
WHOLE = """import array, fcntl, socket, struct
s = socket.socket()
for command in (0x17, 0x1f, 0x24):
    off = array.array("B", struct.pack("II", command, 0))
    fcntl.ioctl(s, 0x8946, struct.pack("16sP16x", b"link0", off.buffer_info()[0]))
"""
QUEUE_S = 2.0  # what waits longer in the emulated queue is dropped, as routers do


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def run(*words, check=True):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=check, text=True)


class BadLink:
    """near and far: names of namespaces. Bytes on the wire, with all headers, in wire; what the programs themselves gave to
    TCP, each byte once, in said(); the rest is headers, acknowledgements, and what TCP sent again."""

    def __init__(self, kbit, rtt_ms, loss_pct, seed=1):
        if os.geteuid() != 0:
            skip("network namespaces need root")
        self.name = "gmm%d" % os.getpid()
        self.near, self.far = self.name + "a", self.name + "b"
        self.rate, self.delay, self.loss = kbit * 125, rtt_ms / 2000, loss_pct / 100
        self.dice, self.wire, self.down, self.ended = random.Random(seed), 0, False, False
        self.flows = {}  # (way, ports) -> [first sequence number, the highest behind it]
        try:
            for space, address in ((self.near, NEAR), (self.far, FAR)):
                run("ip", "netns", "add", space)
                run("ip", "netns", "exec", space, "ip", "link", "set", "lo", "up")
                outer = space[-1] + "o%d" % os.getpid()
                run("ip", "link", "add", outer, "type", "veth", "peer", "name", "link0", "netns", space)
                run("ip", "link", "set", outer, "up")
                run("ip", "netns", "exec", space, "ip", "address", "add", address + "/24", "dev", "link0")
                run("ip", "netns", "exec", space, "ip", "link", "set", "link0", "up")
                run("ip", "netns", "exec", space, sys.executable, "-c", WHOLE)
            self.sockets = []
            for space in (self.near, self.far):
                s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                s.bind((space[-1] + "o%d" % os.getpid(), 3))
                self.sockets.append(s)
        except (OSError, subprocess.CalledProcessError, FileNotFoundError) as e:
            self.remove()
            skip("network namespaces are not allowed here: %s" % (getattr(e, "output", None) or e))
        threading.Thread(target=self.carry, daemon=True).start()

    def note(self, way, packet):
        """TCP over IPv4: what was said so far follows from the sequence numbers."""
        if packet[12:14] != b"\x08\0" or packet[23] != 6:
            return
        ip = packet[14:14 + struct.unpack(">H", packet[16:18])[0]]
        tcp = ip[4 * (ip[0] & 15):]
        number, length = struct.unpack(">I", tcp[4:8])[0], len(tcp) - 4 * (tcp[12] >> 4)
        if tcp[13] & 2:  # SYN
            self.flows.setdefault((way, tcp[:4], number), [number + 1, 0])
        for key, flow in self.flows.items():
            behind = (number + length - flow[0]) % (1 << 32)
            if key[:2] == (way, tcp[:4]) and behind < 1 << 31:
                flow[1] = max(flow[1], behind)

    def said(self, way=None):
        return sum(flow[1] for key, flow in list(self.flows.items()) if way in (None, key[0]))

    def carry(self):
        """Each direction: a queue that is served at the rate, then a delay; a packet is lost by the dice."""
        waiting, free, number = [], [0.0, 0.0], 0
        while not self.ended:
            now = time.monotonic()
            timeout = 0.2 if not waiting else max(0.0, min(0.2, waiting[0][0] - now))
            for s in select.select(self.sockets, [], [], timeout)[0]:
                try:
                    packet, where = s.recvfrom(65536)
                except OSError:
                    continue  # the link has just come up, or gone
                if where[2] == socket.PACKET_OUTGOING:
                    continue
                way = self.sockets.index(s)
                now = time.monotonic()
                free[way] = max(free[way], now)
                if self.down or free[way] - now > QUEUE_S:
                    continue
                free[way] += len(packet) / self.rate
                self.wire += len(packet)
                self.note(way, packet)
                if self.dice.random() >= self.loss:
                    number += 1
                    heapq.heappush(waiting, (free[way] + self.delay, number, 1 - way, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, to, packet = heapq.heappop(waiting)
                if not self.down:
                    try:
                        self.sockets[to].send(packet)
                    except OSError:
                        pass  # larger than the link takes

    def within(self, space, *words):
        return ["ip", "netns", "exec", space, *words]

    def remove(self):
        self.ended = True
        for space in (self.near, self.far):
            run("ip", "link", "del", space[-1] + "o%d" % os.getpid(), check=False)
            run("ip", "netns", "del", space, check=False)
