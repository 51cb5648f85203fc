# SPDX-License-Identifier: GPL-2.0-only
"""Clients that trust the authority load a whole site by HTTPS: https_clients.py
curl|wget|openssl|wrk|chromium|grade"""

import os
import re
import subprocess
import sys

import browser
import status

SITE = "/usr/share/doc/python3.13/html"
AUTHORITY = "/tmp/tls/ca.pem"
ADDRESS = "localhost:8443"
URL = f"https://{ADDRESS}"
RESULT = "/tmp/result"


def files():
    """Lists the paths of the site's files."""
    found = []
    for folder, _, names in os.walk(SITE):
        paths = [os.path.join(folder, name) for name in names]
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
    options = ["--parallel", "--parallel-max", "8", "--create-dirs", "--cacert", AUTHORITY]
    run("curl", "--fail", "--silent", "--show-error", *options, "--config", "-", text="".join(lines))
    check(RESULT)


def wget():
    """Loads all files on one connection."""
    text = "".join(f"{URL}{path}\n" for path in files())
    options = ["--force-directories", "--no-host-directories", f"--directory-prefix={RESULT}"]
    run("wget", "--no-verbose", f"--ca-certificate={AUTHORITY}", *options, "-i", "-", text=text)
    check(RESULT)


def openssl():
    """Gets a page by each version of TLS, up to close_notify."""
    path = "/index.html"
    for version in "-tls1_2", "-tls1_3":
        text = f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n"
        options = ["-CAfile", AUTHORITY, "-verify_return_error", "-quiet", "-servername", "localhost"]
        said = subprocess.run(
            ["openssl", "s_client", "-connect", ADDRESS, version, *options],
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        head, _, body = said.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        assert body == content(SITE + path), (version, len(body))
        assert b"unexpected eof" not in said.stderr, said.stderr


def wrk():
    """Loads a page on some connections for a while."""
    said = run("wrk", "-t1", "-c16", "-d5", f"{URL}/index.html")
    print(said, flush=True)
    assert "Non-2xx" not in said and "Socket errors" not in said, said


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
        script = """(async (paths) => {
            const sizes = [];
            for (const path of paths)
                sizes.push((await (await fetch(path)).arrayBuffer()).byteLength);
            return sizes;
        })(%s)"""
        sizes = page.evaluate(script % [path.replace("'", "%27") for path in paths])
        assert sizes == [os.path.getsize(SITE + path) for path in paths]
    print(f"{len(paths)} files", flush=True)


def grade():
    """Asks for all that TLS may offer; nothing of it is weak."""
    said = run("sslscan", "--no-colour", ADDRESS)
    print(said, flush=True)
    for version in "SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1":
        assert re.search(rf"^{re.escape(version)} +disabled$", said, re.MULTILINE), version
    for version in "TLSv1.2", "TLSv1.3":
        assert re.search(rf"^{re.escape(version)} +enabled$", said, re.MULTILINE), version
    ciphers = re.findall(r"^(?:Preferred|Accepted) +(\S+) +(\d+) bits +(\S+)", said, re.MULTILINE)
    assert len(ciphers) >= 6, ciphers
    for version, bits, name in ciphers:
        assert int(bits) >= 128 and ("GCM" in name or "CHACHA20" in name), (version, name)
        assert version == "TLSv1.3" or name.startswith("ECDHE-"), (version, name)
    assert "Compression disabled" in said and "vulnerable to heartbleed" in said, said
    assert not re.search(r"^TLSv\S+ vulnerable to heartbleed", said, re.MULTILINE), said


if __name__ == "__main__":
    status.command(f"root {SITE}", "reload")
    before = status.count("adopted-tls")
    globals()[sys.argv[1]]()
    assert status.count("adopted-tls") > before or sys.argv[1] == "grade"
