# SPDX-License-Identifier: GPL-2.0-only
"""certbot gets a certificate from Caddy's authority, as Documentation/https.md says, and renews it
while clients connect: acme.py process|files"""

import os
import pwd
import re
import ssl
import subprocess
import sys
import threading

import process
import status
from khttpd_tls import Agent, Secure
from stream import code, request

HOST = "example.test"
ROOT = "/srv/www"
PAGE = b"A page.\n"
SERVER = "127.0.0.1", 443
AUTHORITY = "127.0.0.1", 9000
STORE = "/tmp/caddy"
TRUSTED = f"{STORE}/pki/authorities/local/root.crt"
FOLDER = "/etc/khttpd-tls"
CERTIFICATE = f"{FOLDER}/fullchain.pem"
USER = "khttpd-tls"
CADDYFILE = f"""\
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
    storage file_system {STORE}
}}
https://localhost:{AUTHORITY[1]} {{
    tls internal
    acme_server
}}
"""
CERTBOT = f"""\
server = https://localhost:{AUTHORITY[1]}/acme/local/directory
agree-tos = True
non-interactive = True
register-unsafely-without-email = True
"""


def run(command):
    """Runs a command of the shell, which must succeed; returns what it says."""
    done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True)
    print(f"$ {command}\n{done.stdout}{done.stderr}", flush=True)
    assert done.returncode == 0, done.returncode
    return done.stdout


def recipes():
    """Returns the commands of the document, for the host of this test."""
    with open("/tmp/https.md", encoding="utf-8") as file:
        section = file.read().split("\n## Certificates by ACME\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [block.replace("example.org", HOST) for block in blocks]


def authority():
    """Starts the authority; returns it when clients may trust it."""
    status.write("/tmp/Caddyfile", CADDYFILE)
    with open("/tmp/caddy.log", "wb") as log:
        command = ["caddy", "run", "--config", "/tmp/Caddyfile"]
        child = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"HOME": "/tmp"})
    status.wait_until(lambda: child.poll() is not None or process.listens(*AUTHORITY))
    status.wait_until(lambda: child.poll() is not None or os.path.exists(TRUSTED))
    return child


def prepare():
    """Makes the site, the user of the agent, and a certificate that no client trusts."""
    with open("/etc/hosts", "a", encoding="ascii") as file:
        file.write(f"127.0.0.1 localhost {HOST}\n")
    os.makedirs(ROOT, exist_ok=True)
    with open(f"{ROOT}/index.html", "wb") as file:
        file.write(PAGE)
    run(f"useradd --system --no-create-home --shell /usr/sbin/nologin {USER}")
    run(f"install -d --mode=750 --group={USER} {FOLDER}")
    run(f"chgrp {USER} /dev/khttpd-adopt && chmod g+rw /dev/khttpd-adopt")
    run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 1"
        f" -subj /CN={HOST} -keyout {FOLDER}/privkey.pem -out {CERTIFICATE}"
        f" && chgrp {USER} {FOLDER}/*.pem && chmod 640 {FOLDER}/*.pem"
    )
    os.makedirs("/etc/letsencrypt", exist_ok=True)
    with open("/etc/letsencrypt/cli.ini", "a", encoding="ascii") as file:
        file.write(CERTBOT)
    os.environ["REQUESTS_CA_BUNDLE"] = TRUSTED


def agent():
    """Starts the agent without privileges."""
    line = f"certificate {CERTIFICATE} {FOLDER}/privkey.pem"
    words = f"setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs"
    return Agent(line, certificates=(), wrapper=[*words.split(), "--bounding-set", "-all"])


def is_served():
    """Tells whether curl gets the page and trusts the certificate."""
    command = ["curl", "--silent", "--fail", "--cacert", TRUSTED, f"https://{HOST}/"]
    done = subprocess.run(command, check=False, capture_output=True)
    # 60: the certificate is not trusted.
    assert done.returncode in (0, 60), done
    assert done.returncode or done.stdout == PAGE, done
    return not done.returncode


class Load:
    """Clients that connect, make a request and leave, until the end of a `with` statement."""

    def __init__(self):
        self.settings = ssl.create_default_context(cafile=TRUSTED)
        self.serials = []
        self.errors = []
        self.ends = threading.Event()
        self.tasks = [threading.Thread(target=self.visit) for _ in range(2)]

    def visit(self):
        """Makes requests, and keeps the numbers of the certificates."""
        try:
            while not self.ends.is_set():
                with Secure(SERVER, self.settings, HOST) as stream:
                    stream.send(request("GET", "/"))
                    head, body = stream.response()
                    assert code(head) == 200 and body == PAGE, (head, body)
                    self.serials.append(stream.socket.getpeercert()["serialNumber"])
        except Exception as error:
            self.errors.append(repr(error))

    def goes_on(self):
        """Waits for another hundred requests."""
        count = len(self.serials)
        status.wait_until(lambda: self.errors or len(self.serials) > count + 100)
        assert not self.errors, self.errors

    def __enter__(self):
        for task in self.tasks:
            task.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for task in self.tasks:
            task.join()
        print(f"{len(self.serials)} requests", flush=True)
        assert not self.errors, self.errors


def renews():
    """Renews the certificate while clients connect: none fails, and all get the new one at last."""
    with Load() as load:
        load.goes_on()
        run("certbot renew --force-renewal --no-random-sleep-on-renew")
        status.wait_until(lambda: load.errors or load.serials[0] not in load.serials[-50:])
        load.goes_on()
        assert len(set(load.serials)) == 2, set(load.serials)


def main():
    """Gets a certificate, and another one."""
    recipe = recipes()[["process", "files"].index(sys.argv[1])]
    prepare()
    caddy = authority()
    try:
        with agent():
            uid = pwd.getpwnam(USER).pw_uid
            status.command(f"root {ROOT}", "listen 80")
            status.command(f"tls-agent 8443 uid {uid}", "listen 443 tls")
            assert not is_served()
            run(recipe)
            status.wait_until(is_served)
            renews()
    finally:
        caddy.kill()
        caddy.wait()
        with open("/tmp/caddy.log", encoding="utf-8") as file:
            print(file.read()[-8000:], flush=True)
    status.wait_for("connections", 0)


main()
