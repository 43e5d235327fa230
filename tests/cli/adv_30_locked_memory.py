"""Adversarial test 30: with RLIMIT_MEMLOCK=0 the node refuses to start (or warns, as configured), and no secret is in a
core dump."""
import ctypes
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys

import keystore
from lib import DAEMONS, GMM, Daemon, Failed, Office, environment, gmm, main, path, until, write

PR_CAPBSET_DROP, CAP_IPC_LOCK, NOBODY = 24, 14, 65534
LIBC = ctypes.CDLL(None, use_errno=True)
PROGRAM = path("gmm")  # where another account reaches it, too
PASSPHRASE = b"eleven herons wade at noon"


def sanitized():
    with open(GMM, "rb") as f:
        return b"__asan_init" in f.read()


def without_locks():
    """In the child: no memory may be locked, whoever runs it."""
    if os.geteuid() == 0 and LIBC.prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0) != 0:
        os._exit(99)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def unlocked(home, *args, status, account=None):
    """A command under RLIMIT_MEMLOCK=0, of this account (a number) or our own."""
    who = {"user": account, "group": account, "extra_groups": []} if account is not None else {}
    done = subprocess.run([PROGRAM, "--home", home, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment(), cwd="/", timeout=120, preexec_fn=without_locks, **who)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == status, f"{args}: exit {done.returncode}, not {status}: {said}"
    return said


def init_args(name):
    return ("init", "--participant", name, "--name", name, "--kind", "member", "--office", "hq", "--level", "hq",
            "--no-passphrase")


def refuses_or_warns(home, account):
    """One account: every command that needs keys refuses, names the limit and the remedies; lock-memory=warn goes on."""
    who = {"account": account}
    said = unlocked(home, *init_args("ilo"), status=1, **who)
    assert "RLIMIT_MEMLOCK" in said and "lock-memory=warn" in said, said
    assert not os.path.exists(os.path.join(home, "keys", "office.keystore"))
    # made where memory can be locked
    subprocess.run([PROGRAM, "--home", home, *init_args("ilo")], check=True, env=environment(), cwd="/",
                   stdout=subprocess.DEVNULL, user=account, group=account)
    for command in (("run", "--no-listen"), ("network", "create", "Group"), ("card",), ("status",), ("list",)):
        said = unlocked(home, *command, status=1, **who)
        assert "RLIMIT_MEMLOCK is 0 bytes" in said and "LimitMEMLOCK" in said and "lock-memory=warn" in said, said
        assert not os.path.exists(os.path.join(home, "control"))
    conf = os.path.join(home, "gmm.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("[node]\nlock-memory=warn\n")
    os.chown(conf, os.stat(home).st_uid, -1)
    unlocked(home, "network", "create", "Group", status=0, **who)
    assert "are not locked" in unlocked(home, "status", status=0, **who)
    warns_as_a_daemon(home, account)
    with open(conf, "w", encoding="utf-8") as f:
        f.write("[node]\nlock-memory=require\n")
    unlocked(home, "status", status=1, **who)
    with open(conf, "w", encoding="utf-8") as f:
        f.write("[node]\nlock-memory=never\n")
    assert "lock-memory" in unlocked(home, "status", status=1, **who)


def warns_as_a_daemon(home, account):
    daemon = subprocess.Popen([PROGRAM, "--home", home, "run", "--no-listen"], stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                              preexec_fn=without_locks, user=account, group=account, extra_groups=[])
    try:
        assert daemon.stdout.readline() == b"ready\n"
        daemon.terminate()
        assert daemon.wait(timeout=60) == 0
        assert b"not locked" in daemon.stderr.read()
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()
        daemon.stderr.close()


def warned_founding(home, account):
    """A home that is configured first can be founded without locked memory."""
    os.mkdir(home, 0o700)
    os.chown(home, account if account is not None else os.geteuid(), -1)
    conf = os.path.join(home, "gmm.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("[node]\nlock-memory=warn\n")
    os.chown(conf, os.stat(home).st_uid, -1)
    unlocked(home, *init_args("iom"), status=0, account=account)
    with open(conf, encoding="utf-8") as f:
        assert f.read() == "[node]\nlock-memory=warn\n"


def test_no_locked_memory():
    if sanitized():
        print("not asked: the address sanitizer makes every mlock succeed")
        return
    accounts = [os.geteuid()] if os.geteuid() != 0 else [0, NOBODY]
    for account in accounts:
        folder = path(f"of-{account}")
        os.mkdir(folder, 0o700)
        os.chown(folder, account, -1)
        refuses_or_warns(os.path.join(folder, "home"), account)
        warned_founding(os.path.join(folder, "founded"), account)
    if os.geteuid() != 0:
        print("not asked: other accounts than this one, which takes root")


# ---- core dumps ----


def in_child_of(account):
    def prepare():
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    if os.geteuid() == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return {"preexec_fn": prepare, "user": account, "group": account, "extra_groups": []}


def regions(pid):
    """What a core dump of a process would hold: writable memory that is not marked as left out (dd)."""
    region = None
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as f:
        for line in f:
            bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) ", line)
            if bounds:
                region = int(bounds[1], 16), int(bounds[2], 16), bounds[3]
            elif line.startswith("VmFlags:") and region[2].startswith("rw") and " dd" not in line:
                yield region[0], region[1]


def dump(pid):
    """The bytes of these regions; None where this account may not look."""
    parts = []
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end in regions(pid):
                memory.seek(start)
                try:
                    parts.append(memory.read(end - start))
                except OSError:
                    pass  # the kernel's own pages
    except PermissionError:
        return None
    return b"".join(parts)


def search(where, memory, secrets):
    found = [name for name, secret in secrets.items() if any(secret) and secret in memory]
    assert not found, f"{where} holds in the clear: {', '.join(found)}"


def epoch_secrets(home, node_secret):
    """The groups' secrets that the store keeps sealed."""
    with sqlite3.connect(f"file:{home}/store.db?mode=ro", uri=True) as store:
        rows = store.execute("SELECT epoch, sealed FROM secret").fetchall()
    assert rows, "the store holds no group's secret"
    return {f"secret of epoch {bytes(epoch).hex()[:8]}":
            keystore.opened(keystore.keyed(node_secret, b"ring", bytes(epoch)), sealed[:24], bytes(epoch), sealed[24:])[:32]
            for epoch, sealed in rows}


def office_with_a_passphrase(account):
    folder = path(f"core-{account}")
    os.mkdir(folder, 0o700)
    home = os.path.join(folder, "home")
    secret, document = os.path.join(folder, "passphrase"), os.path.join(folder, "doc.txt")
    for name, data in ((secret, PASSPHRASE + b"\n"), (document, b"a text that may be anywhere\n" * 40)):
        with open(name, "wb") as f:
            f.write(data)
        os.chmod(name, 0o600)
        os.chown(name, account, -1)
    os.chown(folder, account, -1)
    env = environment(GMM_PASSPHRASE_FILE=secret)
    who = {"env": env, "cwd": folder, "user": account, "group": account, "extra_groups": []}
    subprocess.run([PROGRAM, "--home", home, *init_args("ilo")[:-1]], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **who)
    subprocess.run([PROGRAM, "--home", home, "network", "create", "Group"], check=True, stdout=subprocess.DEVNULL, **who)
    return folder, home, env, document


def cores_in(folder):
    return [name for name in os.listdir(folder) if name not in ("home", "passphrase", "doc.txt")]


def dies_without_a_core(account):
    folder, home, env, document = office_with_a_passphrase(account)
    daemon = subprocess.Popen([PROGRAM, "--home", home, "run", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                              cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
                              **in_child_of(account))
    try:
        assert daemon.stdout.readline().startswith(b"listening on "), "the daemon did not start"
        for command in (("post", document, "--to", "all", "--yes"), ("list",), ("search", "anywhere")):
            subprocess.run([PROGRAM, "--home", home, *command], check=True, stdout=subprocess.DEVNULL, env=env,
                           stderr=subprocess.DEVNULL, cwd=folder, user=account, group=account, extra_groups=[])
        with open(f"/proc/{daemon.pid}/limits", encoding="ascii") as f:
            limit = next(line for line in f if line.startswith("Max core file size"))
        assert limit.split()[4:6] == ["0", "0"], limit
        # what is not dumpable belongs to root there, whoever runs it
        assert os.stat(f"/proc/{daemon.pid}/mem").st_uid == 0, "the process is dumpable"
        with open(os.path.join(home, "keys", "office.keystore"), "rb") as f:
            secrets = keystore.secrets_of(f.read(), PASSPHRASE)
        secrets.update(epoch_secrets(home, secrets["node secret"]))
        memory = dump(daemon.pid)
        if memory is None:
            print("not asked: what a core dump would hold, which takes root")
        else:
            assert home.encode() in memory, "the memory that was seen is not the daemon's"
            search("the memory that a core dump takes", memory, secrets)
            print(f"account {account}: {len(memory) >> 20} MiB of memory hold none of {len(secrets)} secrets")
    finally:
        os.kill(daemon.pid, signal.SIGABRT)
        _, status = os.waitpid(daemon.pid, 0)
        daemon.returncode = -6
        daemon.stdout.close()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    for name in cores_in(folder):
        with open(os.path.join(folder, name), "rb") as f:
            search(name, f.read(), secrets)
    assert not os.WCOREDUMP(status) and cores_in(folder) == [], "a core was dumped"


def test_no_secret_in_a_core():
    if keystore.sodium is None:
        print("not asked: core dumps, libsodium was not found")
        return
    for account in [os.geteuid()] if os.geteuid() != 0 else [0, NOBODY]:
        dies_without_a_core(account)


def test_the_search_finds():
    """A process that holds a secret outside of guarded memory would be seen."""
    if os.geteuid() != 0:
        return
    child = subprocess.Popen([sys.executable, "-c", "import sys; held = sys.stdin.buffer.readline(); print(flush=True); "
                              "sys.stdin.buffer.readline()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    secret = os.urandom(16).hex().encode()
    try:
        child.stdin.write(secret + b"\n")
        child.stdin.flush()
        child.stdout.readline()
        memory = dump(child.pid)
        assert memory is None or secret in memory
    finally:
        child.kill()
        child.communicate()


shutil.copy(GMM, PROGRAM)
os.chmod(PROGRAM, 0o755)
os.chmod(os.path.dirname(PROGRAM), 0o711)
main(test_no_locked_memory, test_the_search_finds, test_no_secret_in_a_core)
