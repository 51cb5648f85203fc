# SPDX-License-Identifier: GPL-2.0-only
"""The page of metrics as monitoring reads it: metrics.py promtool|prometheus"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import status

PAGE = "http://127.0.0.1:8080/metrics"
CONFIGURATION = """\
scrape_configs:
  - job_name: khttpd
    scrape_interval: 1s
    static_configs: [{targets: ["127.0.0.1:8080"]}]
"""


def get(address):
    """Returns the content at an address."""
    with urllib.request.urlopen(address, timeout=status.HANG) as response:
        return response.read()


def promtool():
    """Debian's promtool finds no fault, neither in names nor in texts."""
    status.command("root built-in for *.example.org", "hand-over /app/* 9000")
    for count in range(3):
        text = get(PAGE)
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
        )
        said = checked.stdout + checked.stderr
        assert checked.returncode == 0 and not said.strip(), (count, said)


def value(expression):
    """Returns the value of a query to Prometheus, or nothing."""
    query = urllib.parse.urlencode({"query": expression})
    answer = json.loads(get(f"http://127.0.0.1:9090/api/v1/query?{query}"))
    results = answer["data"]["result"]
    return float(results[0]["value"][1]) if results else None


def known(expression, condition):
    """Waits until a query has a value for which the condition holds; returns it."""
    end = time.monotonic() + status.HANG
    while True:
        try:
            found = value(expression)
        except OSError:
            found = None
        if found is not None and condition(found):
            return found
        assert time.monotonic() < end, f"{expression} is {found}"
        time.sleep(0.5)


def prometheus():
    """Debian's Prometheus reads the page, and its numbers are those of the clients' requests."""
    with tempfile.TemporaryDirectory() as folder:
        status.write(f"{folder}/prometheus.yml", CONFIGURATION)
        command = ["prometheus", f"--config.file={folder}/prometheus.yml"]
        command += [f"--storage.tsdb.path={folder}", "--web.listen-address=127.0.0.1:9090"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                requests()
            finally:
                server.kill()


def requests():
    """Sends requests that Prometheus must count."""
    known('up{job="khttpd"}', lambda up: up == 1)
    missing = known('sum(khttpd_responses_total{code=~"4.."})', lambda count: count == 0)
    before = known("sum(khttpd_responses_total)", lambda count: count > 0)
    for _ in range(200):
        assert get("http://127.0.0.1:8080/robots.txt")
    for _ in range(5):
        fail()
    # The scrapes themselves are requests, too.
    known("sum(khttpd_responses_total)", lambda count: count >= before + 205)
    known('sum(khttpd_responses_total{code=~"4.."})', lambda count: count == missing + 5)
    known("sum(khttpd_connections)", lambda count: count >= 1)
    rates()


def rates():
    """Sends requests as fast as responses come, and then asks for their rate."""
    sent, end = [], time.monotonic() + 30
    while time.monotonic() < end:
        fail()
        sent.append(time.monotonic())
        time.sleep(0.05)
    rate = value('rate(khttpd_responses_total{code="404"}[20s])')
    recent = [moment for moment in sent if moment > sent[-1] - 20]
    load = len(recent) / 20
    print(f"Prometheus: {rate} requests per second, and the client: {load}")
    assert 0.5 * load < rate < 1.5 * load, (rate, load)


def fail():
    """Requests a file that does not exist."""
    try:
        get("http://127.0.0.1:8080/none")
    except urllib.error.HTTPError as error:
        assert error.code == 404, error


status.command("metrics /metrics")
{"promtool": promtool, "prometheus": prometheus}[sys.argv[1]]()
