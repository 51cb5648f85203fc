# SPDX-License-Identifier: GPL-2.0-only
"""Chromium draws the metrics of the server under load: drawing.py

The page is left as an image in /tmp/status.png."""

import base64
import http.client
import threading
import time

import status
from browser import URL, browser

SECONDS = 60


class Load:
    """Clients that request files, and count the responses."""

    def __init__(self):
        self.responses = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        """Requests files on a connection, some of which do not exist."""
        client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=status.HANG)
        while not self.over.wait(0.02):
            for path in "/", "/style.css", "/way.svg", "/none":
                client.request("GET", path)
                client.getresponse().read()
                self.responses += 1
        client.close()

    def stop(self):
        """Ends the load."""
        self.over.set()
        self.thread.join()


def drawn(page, script):
    """Waits until an expression of the page is true."""
    end = time.monotonic() + status.HANG
    while not page.evaluate(script):
        assert time.monotonic() < end, (script, page.evaluate("document.body.innerText"))
        time.sleep(0.5)


def check(page, load):
    """Compares what the page shows with the load."""
    drawn(page, "points.length > 2")
    # The rates of a page are those of the second before it.
    first = page.evaluate("sum(before, 'khttpd_responses_total')")
    count = load.responses
    drawn(page, f"points.length > {SECONDS}")
    last = page.evaluate("sum(before, 'khttpd_responses_total')")
    sent = load.responses - count
    # The page itself makes a request a second, and the values are up to a second old.
    assert abs((last - first) - sent) < 0.5 * sent + 100, (first, last, sent)
    # How long the seconds of a busy machine are is not known: the rates are those of some load.
    assert page.evaluate("points.slice(3).every(point => point.requests[0] > 0)")
    for chart in "requests", "bytes", "connections":
        assert page.evaluate(f"Number({chart}.dataset.value)") > 0, chart
    shape = "document.querySelectorAll('polyline')[%d].getAttribute('points').split(' ').length"
    assert page.evaluate(shape % 0) > SECONDS, page.evaluate(shape % 0)
    legend = page.evaluate("document.querySelectorAll('.legend')[3].innerText")
    assert "2xx" in legend and "4xx" in legend, legend


with browser() as opened:
    opened.open(f"{URL}/status/")
    drawn(opened, "!document.getElementById('help').hidden")
    assert "metrics /metrics" in opened.evaluate("document.body.innerText")
    status.command("metrics /metrics")
    clients = Load()
    try:
        drawn(opened, "document.getElementById('help').hidden")
        check(opened, clients)
        opened.call(
            "Emulation.setDeviceMetricsOverride",
            width=1000,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        image = opened.call("Page.captureScreenshot", format="png")["data"]
        with open("/tmp/status.png", "wb") as file:
            file.write(base64.b64decode(image))
    finally:
        clients.stop()
    outside = [url for url, _, _ in opened.responses if not url.startswith(URL)]
    assert not outside, outside
