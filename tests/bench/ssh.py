"""rsync over ssh, to a server of its own on a loopback port: keys in the bench's folder, nothing of the system's is used or left."""
import os
import shutil
import socket
import subprocess
import time

from lib import Failed, path

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


def installed():
    return bool(SSHD and shutil.which("rsync") and shutil.which("ssh-keygen"))


def nice():
    """This session's place before others, when it was given one: what the server starts gets the same, for it makes sessions of its own."""
    try:
        with open("/proc/self/autogroup", encoding="ascii") as f:
            return int(f.read().rsplit(" ", 1)[1])
    except OSError:
        return 0


class Server:
    def __init__(self):
        self.folder = path("sshd")
        os.makedirs(self.folder, mode=0o700)
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, key)], check=True)
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # sshd as root does not start without it
        options = [f"HostKey={self.folder}/host", f"AuthorizedKeysFile={self.folder}/user.pub", "ListenAddress=127.0.0.1",
                   "StrictModes=no", "UsePAM=no", "PidFile=none"]
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", "/dev/null", "-p", str(self.port)] +
                                        [a for o in options for a in ("-o", o)], stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise Failed("sshd does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def rsync(self, source, target):
        """Seconds that it takes, with ssh's default cipher."""
        remote = "rsync"
        if nice() != 0:
            remote = f"echo {nice()} >/proc/self/autogroup; echo {nice()} >/proc/$PPID/autogroup; rsync"
        shell = (f"ssh -F /dev/null -i {self.folder}/user -p {self.port} -o StrictHostKeyChecking=no -o BatchMode=yes "
                 "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR")
        begin = time.monotonic()
        subprocess.run(["rsync", "-a", "--rsync-path=" + remote, "-e", shell, source, "127.0.0.1:" + target], check=True)
        return time.monotonic() - begin
