# SPDX-License-Identifier: GPL-2.0-only
"""What clients and the TLS agent agree on:  tls_handshakes.py CASE..."""

import ssl
import subprocess

import status
from stream import serves
from khttpd_tls import (
    ADDRESS,
    COMMANDS,
    FOLDER,
    HOST,
    LISTENER,
    NAMES,
    Agent,
    Secure,
    certify,
    context,
    run_cases,
)

VERSIONS = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SUITES_1_3 = "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
SUITES_1_2 = "AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def refused(*arguments, **settings):
    """Returns the reason why there is no connection."""
    try:
        # With TLS 1.3 a client knows that its certificate is refused when it reads.
        with Secure(settings=context(*arguments, **settings)) as stream:
            serves(stream)
    except (OSError, EOFError) as error:
        return str(error)
    raise AssertionError("accepted")


def ciphers():
    """Each cipher suite of both versions, with a certificate of either kind."""
    certify("rsa", NAMES, "rsa")
    for certificate, kind in ("host", "ECDSA"), ("rsa", "RSA"):
        with Agent(certificates=[certificate]):
            for suite in SUITES_1_2:
                settings = context(ssl.TLSVersion.TLSv1_2)
                settings.set_ciphers(f"ECDHE-{kind}-{suite}")
                with Secure(settings=settings) as stream:
                    for _ in range(3):
                        serves(stream)
                    assert stream.socket.version() == "TLSv1.2"
                    assert stream.socket.selected_alpn_protocol() == "http/1.1"
            # Python does not choose suites of TLS 1.3.
            for suite in SUITES_1_3:
                command = f"openssl s_client -connect 127.0.0.1:{ADDRESS[1]} -quiet -no_ign_eof"
                words = [*command.split(), "-CAfile", f"{FOLDER}/ca.pem", "-ciphersuites", suite]
                # It ends with the response, not with its own input.
                result = subprocess.run(
                    [*words, "-verify_return_error", "-ign_eof"],
                    input=REQUEST, capture_output=True, timeout=status.HANG, check=True,
                )
                assert b"\nUser-agent" in result.stdout, (suite, result)


def versions():
    """TLS 1.2 and 1.3, or 1.3 only."""
    with Agent():
        for version in VERSIONS:
            with Secure(settings=context(version)) as stream:
                serves(stream)
    with Agent("min-version 1.3") as agent:
        assert "version" in refused(ssl.TLSVersion.TLSv1_2).lower()
        agent.logs("handshake: peer is incompatible")
        with Secure() as stream:
            serves(stream)


def listener():
    """A client of khttpd's TLS listener, over IPv4 and IPv6."""
    status.command(*COMMANDS)
    adopted = status.count("adopted-tls")
    with Agent():
        for address in 3 * [LISTENER, ("::1", LISTENER[1])]:
            with Secure(address) as stream:
                serves(stream)
                adopted += 1
                status.wait_for("adopted-tls", adopted)
    status.command(f"unlisten {LISTENER[1]}", "tls-agent off")


def protocols():
    """Only http/1.1 is spoken; without ALPN, a client means it, too."""
    with Agent() as agent:
        for version in VERSIONS:
            for offered, chosen in (("h2", "http/1.1"), "http/1.1"), ((), None):
                with Secure(settings=context(version, offered)) as stream:
                    assert stream.socket.selected_alpn_protocol() == chosen
                    serves(stream)
            assert "no application protocol" in refused(version, ("h2",)).lower()
        agent.logs("handshake: peer doesn't support any known protocol")


def names():
    """The certificate is that of the host which the client names, by a wildcard, too."""
    certify("other", "DNS:other.example")
    certify("wild", "DNS:*.wild.example")
    with Agent(certificates=["host", "other", "wild"]):
        for host in HOST, "a.example.org", "127.0.0.1", "other.example", "b.wild.example":
            with Secure(host=host) as stream:
                serves(stream)
        for host in "wild.example", "a.b.wild.example", "unknown.example":
            try:
                Secure(host=host).close()
                raise AssertionError(host)
            except ssl.SSLCertVerificationError as error:
                assert "not valid for" in str(error), error


def resumption():
    """A client that comes again shortens its handshake, also after the certificate has changed."""
    for lines, resumes in ([], True), (["tickets no"], False):
        with Agent(*lines):
            for version in VERSIONS:
                settings, session = context(version), None
                for number in range(4):
                    with Secure(settings=settings, session=session) as stream:
                        serves(stream)
                        assert stream.socket.session_reused == (resumes and number > 0)
                        session = stream.socket.session
                    if number == 1:
                        certify("host", NAMES)


def clients():
    """Certificates of clients, required or optional."""
    certify("client", "DNS:client")
    authority, own = f"{FOLDER}/ca.pem", (f"{FOLDER}/client.pem", f"{FOLDER}/client.key")
    subprocess.run(["/usr/lib/khttpd/certify", "/tmp/stranger", "x", "DNS:client"], check=True)
    for word in "required", "optional":
        with Agent(f"client-certificates {authority} {word}") as agent:
            for version in VERSIONS:
                settings = context(version)
                if word == "required":
                    assert "certificate" in refused(version).lower()
                    agent.logs("handshake: peer sent no certificates")
                else:
                    with Secure(settings=settings) as stream:
                        serves(stream)
                settings.load_cert_chain(*own)
                session = None
                for _ in range(2):
                    with Secure(settings=settings, session=session) as stream:
                        serves(stream)
                        session = stream.socket.session
                # One that another authority has signed.
                settings = context(version)
                settings.load_cert_chain("/tmp/stranger/x.pem", "/tmp/stranger/x.key")
                try:
                    with Secure(settings=settings) as stream:
                        serves(stream)
                    raise AssertionError("accepted")
                except (OSError, EOFError):
                    pass
            agent.logs("handshake: invalid peer certificate")


run_cases(globals())
