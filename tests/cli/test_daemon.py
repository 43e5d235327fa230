#!/usr/bin/env python3
"""The daemon, its control socket and its clients: start, stop, who may what, what goes wrong between the two."""
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def starts_and_stops():
    ilo = found("ilo")
    daemon = ilo.daemon()
    assert daemon.line.startswith("listening on 127.0.0.1:") and not daemon.line.endswith(":0"), daemon.line
    assert stat.S_IMODE(os.stat(path("ilo", "control")).st_mode) == 0o600
    assert ilo.json("status")["network"] == "Test Group"
    second = ilo.run("run", "--listen", "127.0.0.1:0", status=1)
    assert second.stdout == b"" and second.stderr, second
    assert ilo.json("status")["network"] == "Test Group"
    daemon.stop()
    assert not os.path.exists(path("ilo", "control"))
    quiet = ilo.daemon("--no-listen")
    assert quiet.line == "ready"
    quiet.process.send_signal(signal.SIGINT)
    assert quiet.process.wait(timeout=30) == 0
    quiet.process.stdout.close()
    DAEMONS.remove(quiet)
    both = ilo.daemon("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0")
    assert both.process.stdout.readline().startswith(b"listening on 127.0.0.1:")
    both.stop()
    ilo.error(2, "run", "--no-listen", "--listen", "127.0.0.1:0")
    ilo.error(2, "run", "--listen", "nonsense")
    taken = socket.create_server(("127.0.0.1", 0))
    ilo.error(1, "run", "--listen", "127.0.0.1:%d" % taken.getsockname()[1])
    taken.close()
    return ilo


def survives_a_kill(ilo):
    write("doc.txt", "text")
    daemon = ilo.daemon()
    posted = ilo.post("doc.txt", "--to", "all")
    daemon.kill()
    assert os.path.exists(path("ilo", "control"))
    assert [d["id"] for d in ilo.json("list")] == [posted]  # in-process, over the socket that nobody listens on
    daemon = ilo.daemon()
    assert [d["id"] for d in ilo.json("list")] == [posted]
    daemon.stop()


def sweeps_chunk_files_that_nothing_names(ilo):
    """What a killed process left: a file without a row, and one half written."""
    write("large.bin", bytes((i * i + i // 977) % 251 for i in range(300000)))
    posted = ilo.post("large.bin", "--to", "all")
    folder = path("ilo", "chunks", "ab")
    os.makedirs(folder, exist_ok=True)
    strays = [os.path.join(folder, "ab" + 62 * "0"), os.path.join(folder, ".new-0123456789abcdef")]
    for stray in strays:
        with open(stray, "wb") as f:
            f.write(b"sealed")
        os.utime(stray, (0, 86400))
    ilo.json("list")
    assert all(os.path.exists(stray) for stray in strays)  # a command alone leaves them
    daemon = ilo.daemon()
    until(lambda: not any(os.path.exists(stray) for stray in strays))
    until(lambda: "removed 2 chunk files that nothing names" in daemon.said())
    assert ilo.run("get", posted, "-o", "-").stdout == read("large.bin")
    daemon.stop()


def reads_its_configuration_again(ilo):
    daemon = ilo.daemon()
    with open(path("ilo", "gmm.conf"), "a", encoding="utf-8") as f:
        f.write("\n[people]\nsomebody-else=read\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "read again" in daemon.said())
    refused = ilo.error(4, "list")
    assert "may not read here" in refused["message"] and "IT officer" in refused["remedy"], refused
    with open(path("ilo", "gmm.conf"), "a", encoding="utf-8") as f:
        f.write("nonsense\n")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "the old one stays" in daemon.said())
    ilo.error(4, "list", "--socket", path("ilo", "control"))
    assert "line 7" in ilo.error(1, "list")["message"]
    os.unlink(path("ilo", "gmm.conf"))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.said().count("read again") == 2)
    ilo.json("list")
    daemon.stop()


def socket_elsewhere(ilo):
    long_name = path("s" * 120)
    os.mkdir(long_name)
    elsewhere = os.path.join(long_name, "control")
    daemon = ilo.daemon("--no-listen", "--socket", elsewhere)
    assert stat.S_ISSOCK(os.stat(elsewhere).st_mode) and not os.path.exists(path("ilo", "control"))
    nobody = ["--home", path("not-mine"), "--socket", elsewhere]
    assert json.loads(gmm(*nobody, "--json", "status").stdout)["network"] == "Test Group"
    gmm("--home", path("not-mine"), "status", env=environment(GMM_SOCKET=elsewhere))
    ilo.error(1, "list")  # the home is taken, and its own socket is not there
    daemon.stop()
    ilo.json("list", "--socket", elsewhere)


def connect(ilo):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path("ilo", "control"))
    return s


def receive(s):
    def exactly(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                return None
            data += more
        return data
    length = exactly(4)
    return exactly(struct.unpack(">I", length)[0]) if length else None


def text(t):
    t = t.encode()
    return bytes([0xa0 | len(t)]) + t if len(t) < 32 else bytes([0xd9, len(t)]) + t


def request(version, command, args=b"\x80"):
    body = b"\x94\x00\x01" + text(command) + b"\x92" + text(version) + args
    return struct.pack(">I", len(body)) + body


def bad_clients_do_no_harm(ilo):
    daemon = ilo.daemon("--no-listen")
    version = json.loads(gmm("--json", "version").stdout)["version"]
    tries = {
        "another version": (request("9.9.9", "status"), b"restart the daemon"),
        "unknown command": (request(version, "nonsense"), b"no such command"),
        "hidden in another process only": (request(version, "init"), b"no such command"),
        "unknown argument": (request(version, "status", b"\x81" + text("x") + b"\x01"), b"does not know"),
        "missing argument": (request(version, "get"), b"needs"),
        "a descriptor that was not passed": (
            request(version, "post", b"\x82" + text("to") + b"\x91" + text("all") + text("file") + b"\x81" + text("fd") + b"\x00"),
            b"unusable value"),
        "no message": (struct.pack(">I", 3) + b"\xc1\xc1\xc1", b"malformed"),
        "too long": (struct.pack(">I", 1 << 30), b"larger than"),
    }
    for name, (data, says) in tries.items():
        s = connect(ilo)
        assert b"hello" in receive(s), name
        s.sendall(data)
        answer = receive(s)
        assert answer is not None and says in answer, (name, answer)
        assert receive(s) is None
        s.close()
    left = []
    for n in range(200):  # more than are served at once; half a request each
        s = connect(ilo)
        s.sendall(request(version, "status")[: n % 20])
        left.append(s)
    for s in left:
        s.close()
    read_end, write_end = os.pipe()
    s = connect(ilo)
    receive(s)
    socket.send_fds(s, [request(version, "status")], [read_end])
    assert b"no regular file" in receive(s)
    s.close()
    os.close(read_end)
    os.close(write_end)
    assert ilo.json("status")["network"] == "Test Group"
    daemon.stop()


def fake_daemon(ilo, speak):
    """Listens where the daemon would, speaks with one client, then goes."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path("ilo", "control"))
    server.listen()

    def serve():
        s, _ = server.accept()
        speak(s)
        s.close()
        server.close()
        os.unlink(path("ilo", "control"))
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def greeting(version):
    body = b"\x93\x02" + text("hello") + text(version)
    return struct.pack(">I", len(body)) + body


def daemons_that_fail(ilo):
    version = json.loads(gmm("--json", "version").stdout)["version"]
    count = len(ilo.json("list"))

    def takes_the_request_and_goes(s):
        s.sendall(greeting(version))
        receive(s)
    thread = fake_daemon(ilo, takes_the_request_and_goes)
    lost = ilo.error(1, "post", path("doc.txt"), "--to", "all", "--yes")
    thread.join()
    assert "outcome unknown" in lost["message"] and lost["code"] == "outcome-unknown", lost
    assert len(ilo.json("list")) == count  # not repeated by the client

    thread = fake_daemon(ilo, lambda s: s.sendall(greeting("9.9.9")))
    older = ilo.error(1, "list")
    thread.join()
    assert older["message"] == f"restart the daemon: it runs 9.9.9, the client is {version}", older

    thread = fake_daemon(ilo, lambda s: None)  # goes before it greets: nothing was sent, the home is free
    assert len(ilo.json("list")) == count
    thread.join()

    def answers_nonsense(s):
        s.sendall(greeting(version))
        receive(s)
        s.sendall(struct.pack(">I", 2) + b"\xc1\xc1")
    thread = fake_daemon(ilo, answers_nonsense)
    ilo.error(1, "list")
    thread.join()


def a_client_that_leaves(ilo):
    daemon = ilo.daemon("--no-listen")
    # From the last entry on: it hears of the next one, whether that comes before it listens or after.
    watcher = subprocess.Popen([GMM, "--home", ilo.home, "watch", "--after", ilo.json("list")[0]["id"]],
                               stdout=subprocess.PIPE, env=environment())
    posted = ilo.post("doc.txt", "--to", "all")
    event = json.loads(watcher.stdout.readline())
    assert event["id"] == posted, event
    watcher.kill()
    watcher.wait()
    watcher.stdout.close()
    ilo.post("doc.txt", "--to", "all")
    daemon.stop()


def commands_wait_for_each_other(ilo):
    """Two commands at once in one home: the second waits for the first one's lock."""
    runs = [subprocess.Popen([GMM, "--home", ilo.home, "post", path("doc.txt"), "--to", "all", "--yes"],
                             stdout=subprocess.PIPE, env=environment()) for _ in range(4)]
    ids = {r.communicate(timeout=60)[0].split()[0] for r in runs}
    assert all(r.returncode == 0 for r in runs) and len(ids) == 4


def test_all():
    ilo = starts_and_stops()
    survives_a_kill(ilo)
    sweeps_chunk_files_that_nothing_names(ilo)
    reads_its_configuration_again(ilo)
    socket_elsewhere(ilo)
    bad_clients_do_no_harm(ilo)
    daemons_that_fail(ilo)
    a_client_that_leaves(ilo)
    commands_wait_for_each_other(ilo)


main(test_all)
