"""What the benchmarks read of a process: its memory, its processor's time, when it rests."""
import os
import time


def timed(function):
    begin = time.monotonic()
    result = function()
    return time.monotonic() - begin, result


def memory(daemon):
    """MiB, anonymous and private: now, and the most of all that it ever had resident."""
    with open(f"/proc/{daemon.process.pid}/status") as f:
        fields = dict(line.split(":", 1) for line in f)
    return int(fields["RssAnon"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


def processor(daemon):
    """Seconds of it that a process has used."""
    with open(f"/proc/{daemon.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_rest(daemon):
    """Until it has nothing left to do: its search index is made behind what was posted."""
    before = -1
    while processor(daemon) > before:
        before = processor(daemon)
        time.sleep(0.5)
