# SPDX-License-Identifier: GPL-2.0-only
"""Chromium without a window, driven by its DevTools protocol: browser.py
video|service_worker|types"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time

from websockets.sync.client import connect

import status
import videos

SITE = "/tmp/site"
URL = "http://127.0.0.1:8080"
SAYS = "/tmp/chromium.log"


class Page:
    """A page of the browser."""

    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.session = None
        self.responses = []

    def call(self, method, **parameters):
        """Calls a method of the protocol; returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv(timeout=status.HANG))
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.note(answer)

    def note(self, event):
        """Keeps the URL, status and fields of a response."""
        if event.get("method") == "Network.responseReceived":
            response = event["params"]["response"]
            fields = {name.lower(): value for name, value in response["headers"].items()}
            self.responses.append((response["url"], response["status"], fields))

    def open(self, url):
        """Opens a URL and waits until it is loaded."""
        result = self.call("Page.navigate", url=url)
        assert "errorText" not in result, result
        self.evaluate(
            "new Promise(done => document.readyState === 'complete'"
            " ? done() : addEventListener('load', () => done()))"
        )

    def evaluate(self, script):
        """Returns the value of an expression, or that to which its promise resolves."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, (script, result)
        return result["result"].get("value")


@contextlib.contextmanager
def browser():
    """Starts the browser; returns an empty page."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu"]
    command += ["--disable-dev-shm-usage", "--no-first-run", "--disable-extensions"]
    command += ["--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0"]
    command += ["--user-data-dir=/tmp/profile", "about:blank"]
    with open(SAYS, "w", encoding="utf-8") as says, subprocess.Popen(
        command, stdout=says, stderr=says
    ) as process:
        try:
            with connect(endpoint(process), max_size=None, open_timeout=status.HANG) as socket:
                page = Page(socket)
                target = page.call("Target.createTarget", url="about:blank")["targetId"]
                attached = page.call("Target.attachToTarget", targetId=target, flatten=True)
                page.session = attached["sessionId"]
                page.call("Page.enable")
                page.call("Network.enable")
                yield page
        finally:
            process.kill()


def endpoint(process):
    """Waits until the browser says where its protocol is."""
    end = time.monotonic() + status.HANG
    while True:
        with open(SAYS, encoding="utf-8", errors="replace") as says:
            said = says.read()
        if found := re.search(r"^DevTools listening on (ws://\S+)", said, re.MULTILINE):
            return found[1]
        assert process.poll() is None and time.monotonic() < end, said
        time.sleep(0.1)


def publish(files, *rules):
    """Serves files."""
    os.makedirs(SITE, exist_ok=True)
    for name, content in files.items():
        with open(f"{SITE}/{name}", "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    status.command(f"root {SITE}", *rules, "reload")


PLAYER = """<!doctype html><title>Video</title><video id=v muted preload=metadata src=%s></video>
<script>
const is = (name, of) => new Promise((done, failed) => {
    of.addEventListener(name, () => done(), { once: true });
    of.addEventListener('error', () => failed(of.error), { once: true });
});
const until = (time) => new Promise((done) => {
    v.ontimeupdate = () => { if (v.currentTime > time && !v.seeking) done(); };
});
async function play() {
    if (v.readyState < 1) await is('loadedmetadata', v);
    const seen = [v.duration];
    await v.play();
    await until(0.5);
    seen.push(v.currentTime);
    for (const to of [v.duration * 0.9, v.duration * 0.4]) {
        const sought = is('seeked', v);
        v.currentTime = to;
        await sought;
        await until(to + 0.3);
        seen.push(v.currentTime);
    }
    v.pause();
    return seen;
}
</script>
"""


def video():
    """Plays videos and seeks in them. The index of the MP4 is behind its frames."""
    videos.make(SITE)
    publish({f"{name}.html": PLAYER % name for name in videos.NAMES})
    with browser() as page:
        for name in videos.NAMES:
            page.open(f"{URL}/{name}.html")
            duration, *times = page.evaluate("play()")
            print(f"{name}: {duration} s, played at {times}", flush=True)
            assert duration == videos.SECONDS, duration
            played, forth, back = (time / duration for time in times)
            assert played < 0.25 and forth > 0.9 and 0.4 < back < 0.5, times
            parts = [response[1:] for response in page.responses if response[0] == f"{URL}/{name}"]
            assert {code for code, _ in parts} == {206}, parts
            types = {fields["content-type"] for _, fields in parts}
            assert types == {f"video/{name[2:]}"}, types
            # From the beginning, and from where the browser sought.
            starts = {fields["content-range"] for _, fields in parts}
            assert len(starts) > 1, starts


APPLICATION = """<!doctype html><title>Application</title><script src=/app.js></script>"""
SCRIPT = """
const workers = navigator.serviceWorker;
const changed = new Promise((done) => workers.addEventListener('controllerchange', done));
async function installed() {
    const registration = await workers.register('/sw.js');
    await changed;
    return registration.scope;
}
async function updated() {
    const registration = await workers.ready;
    await registration.update();
    await changed;
    return (await fetch('/version')).text();
}
"""
WORKER = """
const CACHE = 'version %s';
addEventListener('install', (event) => {
    skipWaiting();
    event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(['/', '/app.js'])));
});
addEventListener('activate', (event) => {
    event.waitUntil(clients.claim());
});
addEventListener('fetch', (event) => {
    if (new URL(event.request.url).pathname === '/version') {
        event.respondWith(new Response(CACHE));
    } else {
        event.respondWith(caches.match(event.request).then((hit) => hit || fetch(event.request)));
    }
});
"""


def service_worker():
    """Installs a service worker, which serves the site while the server is stopped, and replaces
    it after it has changed."""
    publish({"index.html": APPLICATION, "app.js": SCRIPT, "sw.js": WORKER % 1})
    with browser() as page:
        page.open(f"{URL}/")
        scope = page.evaluate("installed()")
        assert scope == f"{URL}/", scope
        status.command("stop")
        page.open(f"{URL}/")
        assert page.evaluate("document.title") == "Application"
        assert page.evaluate("fetch('/version').then(r => r.text())") == "version 1"
        status.command("start")
        publish({"sw.js": WORKER % 2})
        assert page.evaluate("updated()") == "version 2"
        page.open(f"{URL}/none")
        missing = [code for url, code, _ in page.responses if url == f"{URL}/none"]
        assert missing == [404], page.responses


TYPES = {
    "index.html": "<!doctype html><title>Types</title><link rel=stylesheet href=a.css>"
    "<img id=svg src=a.svg><script type=module src=a.mjs></script>",
    "a.css": "body { color: rgb(1, 2, 3) }",
    "a.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='7'/>",
    "a.json": '{"seven": 7}',
    # A module of WebAssembly that exports nothing.
    "a.wasm": b"\0asm\1\0\0\0",
    "a.mjs": """import data from './a.json' with { type: 'json' };
window.types = async () => [
    data.seven,
    svg.naturalWidth,
    getComputedStyle(document.body).color,
    Object.keys((await WebAssembly.instantiateStreaming(fetch('a.wasm'))).instance.exports).length,
];
""",
}


def types():
    """Loads what a browser refuses if its media type is wrong."""
    publish(TYPES, "field * X-Content-Type-Options: nosniff")
    with browser() as page:
        page.open(f"{URL}/")
        seen = page.evaluate("types()")
        assert seen == [7, 7, "rgb(1, 2, 3)", 0], seen


if __name__ == "__main__":
    globals()[sys.argv[1]]()
