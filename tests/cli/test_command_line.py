#!/usr/bin/env python3
"""Options, exit statuses, errors as text and as JSON, help, completion: what needs no network."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def errors_as_text():
    done = gmm("statsu", status=2)
    assert done.stdout == b"" and done.stderr.startswith(b"gmm: unknown command 'statsu'. Did you mean 'status'?"), done
    done = gmm("list", "--limt", "1", status=2)
    assert b"unknown option '--limt' of 'list'" in done.stderr and b"--limit" in done.stderr, done
    gmm(status=2)
    gmm("list", "--limit", "x", status=2)
    done = gmm("\x1b[31m\u202e", status=2)
    assert b"\x1b" not in done.stderr and b"\\x1b[31m\\u{202e}" in done.stderr, done


def errors_as_json():
    for args in (["statsu", "--json"], ["--json", "statsu"]):
        done = gmm(*args, status=2)
        assert done.stderr == b"", done
        error = json.loads(done.stdout)["error"]
        assert error == {"exit": 2, "code": "usage", "message": "unknown command 'statsu'",
                         "remedy": "did you mean 'status'?", "choices": error["choices"]}, error
        assert "status" in error["choices"], error


def no_home():
    for args in (["list"], ["sync"], ["run"], ["status"], ["verify"]):
        done = gmm("--home", path("nowhere"), "--json", *args, status=1)
        assert json.loads(done.stdout)["error"]["exit"] == 1, done
    assert not os.path.exists(path("nowhere"))


def home_of_the_environment():
    env = environment(GMM_HOME=path("envhome"))
    gmm("init", "--participant", "ilo", "--name", "ILO", "--kind", "member", "--office", "hq", "--level", "hq",
        "--no-passphrase", env=env)
    assert os.path.isdir(path("envhome")) and os.stat(path("envhome")).st_mode & 0o777 == 0o700
    gmm("card", env=env)
    gmm("--home", path("envhome"), "card")
    gmm("init", "--participant", "ilo", "--name", "ILO", "--kind", "member", "--office", "hq", "--level", "hq",
        "--no-passphrase", env=env, status=1)


def help_and_version():
    version = json.loads(gmm("version", "--json").stdout)["version"]
    assert gmm("--version").stdout.decode() == f"gmm {version}\n"
    listed = json.loads(gmm("--json", "help").stdout)["commands"]
    names = [command["name"] for command in listed]
    assert len(names) == len(set(names)) and {"init", "post", "get", "sync", "run", "help"} <= set(names)
    text = gmm("help").stdout.decode()
    for command in listed:
        assert f"  {command['name']}" in text, command
        one = gmm("help", *command["name"].split()).stdout.decode()
        assert one.startswith(f"gmm {command['name']}") and command["help"][:20] in one, one
    assert gmm("post", "--help").stdout == gmm("help", "post").stdout
    gmm("help", "nonsense", status=2)


def completion():
    for shell in ("bash", "zsh", "fish"):
        script = gmm("completion", shell).stdout.decode()
        assert "roster" in script and "--revises" in script or shell == "fish", shell
    gmm("completion", "tcsh", status=2)
    script = gmm("completion", "bash").stdout.decode()
    ask = script + """
complete_of() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gmm; echo "${COMPREPLY[*]}"; }
complete_of gmm rost
complete_of gmm roster a
complete_of gmm --json roster add --fing
complete_of gmm --lang ""
complete_of gmm list --lang f
"""
    done = subprocess.run(["bash", "-c", ask], stdout=subprocess.PIPE, check=True, env=environment())
    assert done.stdout.decode().splitlines() == ["roster", "add amend at", "--fingerprint", "en fr", "fr"], done.stdout
    assert "-l lang -r -d" in gmm("completion", "fish").stdout.decode() and "-f -a 'en fr'" in gmm("completion", "fish").stdout.decode()
    assert "compadd -- en fr" in gmm("completion", "zsh").stdout.decode()


def standard_output_that_is_full():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([GMM, "help"], stdout=full, stderr=subprocess.PIPE, env=environment())
    assert done.returncode == 1 and b"standard output" in done.stderr, done


def closed_standard_descriptors():
    """A file that is opened must not become standard output."""
    done = subprocess.run(f'"{GMM}" version --json >&- 2>&-; echo $?', shell=True, stdout=subprocess.PIPE, env=environment())
    assert done.stdout.strip() in (b"0", b"1"), done


main(errors_as_text, errors_as_json, no_home, home_of_the_environment, help_and_version, completion,
     standard_output_that_is_full, closed_standard_descriptors)
