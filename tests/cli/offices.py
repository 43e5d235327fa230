"""Offices for the tests of documents: homes, a network of a few offices, a daemon at the first."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

GMM = os.environ.get("GMM", "gmm")
DATA = os.environ.get("GMM_TEST_DATA", "")


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def corpus():
    """The folder of the public corpus, or the test is skipped."""
    folder = os.path.join(DATA, "corpus")
    if not os.path.isfile(os.path.join(folder, "make-corpus.py")):
        skip("no corpus at %r (GMM_TEST_DATA names the folder that holds corpus/)" % DATA)
    return folder


class Office:
    def __init__(self, base, participant, name, kind):
        self.participant = participant
        self.home = os.path.join(base, participant)
        self.daemon = None
        self.env = dict(os.environ, GMM_HOME=self.home, LC_ALL="C.UTF-8")
        self.ok("init", "--participant", participant, "--name", name, "--kind", kind, "--office", "hq", "--level", "hq",
                "--lang", "fr", "--no-passphrase")

    def run(self, *args, **options):
        return subprocess.run([GMM, *args], env=self.env, capture_output=True, timeout=240, **options)

    def ok(self, *args, **options):
        """Standard output of a command that must succeed."""
        r = self.run(*args, **options)
        assert r.returncode == 0, (self.participant, args, r.returncode, r.stdout, r.stderr)
        return r.stdout

    def json(self, *args, **options):
        return json.loads(self.ok("--json", *args, **options))

    def fails(self, status, *args, **options):
        """The error of a command that must fail with this exit status."""
        r = self.run("--json", *args, **options)
        assert r.returncode == status, (args, r.returncode, r.stdout, r.stderr)
        error = json.loads(r.stdout)["error"]
        assert error["exit"] == status and error["message"] and r.stderr == b"", error
        return error

    def start(self):
        """A daemon on a free port; its address."""
        self.daemon = subprocess.Popen([GMM, "run", "--listen", "127.0.0.1:0"], env=self.env, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        line = self.daemon.stdout.readline().decode()
        assert line.startswith("listening on "), line
        return line.split()[-1]

    def stop(self):
        if self.daemon is not None:
            self.daemon.terminate()
            assert self.daemon.wait(timeout=60) == 0
            self.daemon.stdout.close()
            self.daemon = None


class Network:
    """ILO, whose daemon runs, and others that joined it."""

    def __init__(self, *others):
        self.base = tempfile.mkdtemp(prefix="gmm-cli-")
        self.ilo = Office(self.base, "ilo", "International Labour Organization", "member")
        self.offices = [self.ilo]
        self.ilo.ok("network", "create", "Global Migration Group")
        self.ilo.start()
        for participant, name, kind in others:
            office = Office(self.base, participant, name, kind)
            invite = os.path.join(self.base, participant + ".invite")
            self.ilo.ok("invite", "--for", participant, "-o", invite)
            office.ok("join", "@" + invite)
            self.ilo.ok("roster", "add", participant)
            office.ok("sync", "--timeout", "60")
            self.offices.append(office)
        self.sync()

    def sync(self):
        for office in self.offices[1:] + self.offices[1:]:
            office.ok("sync", "--timeout", "120")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for office in self.offices:
            if error[0] is not None and office.daemon is not None:
                office.daemon.kill()
                office.daemon.wait()
            else:
                office.stop()
        shutil.rmtree(self.base, ignore_errors=True)


THREE = (("iom", "International Organization for Migration", "member"), ("gov-xa", "Government of Exampland", "government"))
