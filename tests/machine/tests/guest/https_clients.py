# SPDX-License-Identifier: GPL-2.0-only
"""Clients that trust the authority load a whole site by HTTPS: https_clients.py
curl|wget|openssl|wrk|chromium|grade"""

import hashlib
import os
import re
import signal
import subprocess
import sys

import browser
import status

SITE = "/usr/share/doc/python3.13/html"
AUTHORITY = "/tmp/tls/ca.pem"
ADDRESS = "localhost:8443"
URL = f"https://{ADDRESS}"
RESULT = "/tmp/result"
SAYS = "/tmp/says"


def files():
    """Lists the paths of the site's files. Those whose name begins with a dot are none."""
    found = []
    for folder, _, names in os.walk(SITE):
        paths = [os.path.join(folder, name) for name in names if not name.startswith(".")]
        found += [path.removeprefix(SITE) for path in paths if not os.path.islink(path)]
    assert len(found) > 500, found
    return sorted(found)


def content(path):
    """Returns the content of a file."""
    with open(path, "rb") as file:
        return file.read()


def run(*command, text=None):
    """Runs a program, which must succeed; returns what it says."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command[0], done.returncode, done.stderr[-4000:])
    return done.stdout


def check(folder):
    """Asserts that a folder has the whole site."""
    paths = files()
    for path in paths:
        assert content(folder + path) == content(SITE + path), path
    print(f"{len(paths)} files", flush=True)


def curl():
    """Loads all files on a few connections."""
    lines = [f'url = "{URL}{path}"\noutput = "{RESULT}{path}"\n' for path in files()]
    options = ["--fail", "--fail-early", "--silent", "--show-error", "--cacert", AUTHORITY]
    options += ["--parallel", "--parallel-max", "8", "--create-dirs", "--config", "-"]
    run("curl", *options, text="".join(lines))
    check(RESULT)


def wget():
    """Loads all files on one connection."""
    text = "".join(f"{URL}{path}\n" for path in files())
    options = ["--force-directories", "--no-host-directories", f"--directory-prefix={RESULT}"]
    run("wget", "--no-verbose", f"--ca-certificate={AUTHORITY}", *options, "-i", "-", text=text)
    check(RESULT)


def openssl():
    """Loads all files on one connection by each version of TLS, up to close_notify."""
    for version in "-tls1_2", "-tls1_3":
        command = ["openssl", "s_client", "-connect", ADDRESS, "-servername", "localhost", version]
        command += ["-CAfile", AUTHORITY, "-verify_return_error", "-quiet"]
        with open(SAYS, "wb") as says, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=says
        ) as child:
            *most, last = files()
            for path in most:
                assert exchange(child, path) == content(SITE + path), path
            assert exchange(child, last, "Connection: close\r\n") == content(SITE + last), last
            assert child.stdout.read() == b"" and child.wait() == 0
        assert b"unexpected eof" not in content(SAYS), content(SAYS)


def exchange(child, path, field=""):
    """Sends a request to a program and receives the response from it; returns the content."""
    child.stdin.write(f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\n{field}\r\n".encode())
    child.stdin.flush()
    head = list(iter(child.stdout.readline, b"\r\n"))
    assert head[0] == b"HTTP/1.1 200 OK\r\n", head
    lengths = [line for line in head if line.lower().startswith(b"content-length:")]
    return child.stdout.read(int(lengths[0].split()[1]))


# Each of wrk's threads has one connection: a response is that to the last request.
LUA = f"""
local paths, at = {{}}, 0
for path in io.lines("/tmp/paths") do table.insert(paths, path) end
local function say(text)
    io.write(text, "\\n")
    io.flush()
end
function request()
    at = at % #paths + 1
    return wrk.format("GET", paths[at])
end
function response(status, fields, body)
    local file = io.open("{SITE}" .. paths[at], "rb")
    if status ~= 200 or body ~= file:read("*a") then say("wrong: " .. paths[at]) end
    file:close()
    if at == #paths then say("all") end
end
"""


def wrk():
    """Loads all files on each of some connections."""
    status.write("/tmp/paths", "".join(f"{path}\n" for path in files()))
    status.write("/tmp/wrk.lua", LUA)
    count = 2
    command = ["wrk", f"-t{count}", f"-c{count}", "-d1h", "-s", "/tmp/wrk.lua", URL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = ""
        while said.count("all\n") < count and (line := child.stdout.readline()):
            said += line
        child.send_signal(signal.SIGINT)
        said += child.stdout.read()
    print(said, flush=True)
    assert child.returncode == 0 and said.count("all\n") >= count, child.returncode
    assert "wrong" not in said and "Non-2xx" not in said
    # What takes longer than 2 s is no error.
    errors = re.search(r"Socket errors: (.*), timeout", said)
    assert not errors or errors[1] == "connect 0, read 0, write 0", errors


# Loads files; returns the SHA-256 of each.
DIGESTS = """Promise.all(%s.map(async (path) => {
    const content = await (await fetch(path)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}))"""


def digest(path):
    """Returns the SHA-256 of a file."""
    return hashlib.sha256(content(SITE + path)).hexdigest()


def chromium():
    """Draws a page with its styles, scripts and images, and fetches all files."""
    store = f"sql:{os.path.expanduser('~/.pki/nssdb')}"
    os.makedirs(store.removeprefix("sql:"), exist_ok=True)
    run("certutil", "-d", store, "-N", "--empty-password")
    run("certutil", "-d", store, "-A", "-t", "C,,", "-n", "test", "-i", AUTHORITY)
    paths = files()
    with browser.browser() as page:
        page.open(f"{URL}/index.html")
        codes = {code for url, code, _ in page.responses if url.startswith(URL)}
        assert codes == {200}, page.responses
        assert page.evaluate("isSecureContext") is True
        # Its events would take most of the time.
        page.call("Network.disable")
        assert page.evaluate(DIGESTS % paths) == [digest(path) for path in paths]
    print(f"{len(paths)} files", flush=True)


# All that the agent offers with a certificate of ECDSA.
PROTOCOLS = {
    "SSLv2": "disabled",
    "SSLv3": "disabled",
    "TLSv1.0": "disabled",
    "TLSv1.1": "disabled",
    "TLSv1.2": "enabled",
    "TLSv1.3": "enabled",
}
CIPHERS = {
    ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
}
SAFE = [
    "Session renegotiation not supported",
    "Compression disabled",
    "TLSv1.2 not vulnerable to heartbleed",
    "TLSv1.3 not vulnerable to heartbleed",
]


def grade():
    """Asks for all that TLS may offer: no version below 1.2, no cipher that is weak."""
    said = run("sslscan", "--no-colour", ADDRESS)
    print(said, flush=True)
    protocols = re.findall(r"^(SSLv\d|TLSv[\d.]+) +((?:en|dis)abled)$", said, re.MULTILINE)
    assert dict(protocols) == PROTOCOLS, protocols
    ciphers = re.findall(r"^(?:Preferred|Accepted) +(\S+) +\d+ bits +(\S+)", said, re.MULTILINE)
    assert sorted(ciphers) == sorted(CIPHERS), ciphers
    groups = re.findall(r"^TLSv\S+ +\d+ bits +(\S+)(?: \(.*\))?$", said, re.MULTILINE)
    assert set(groups) == {"secp256r1", "secp384r1", "x25519"}, groups
    for line in SAFE:
        assert f"\n{line}\n" in said, line


if __name__ == "__main__":
    status.command(f"root {SITE}", "reload")
    before = status.count("adopted-tls")
    try:
        globals()[sys.argv[1]]()
    except AssertionError:
        print(content("/tmp/khttpd-tls.log").decode()[-4000:], flush=True)
        raise
    assert status.count("adopted-tls") > before or sys.argv[1] == "grade"
