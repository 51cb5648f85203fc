# SPDX-License-Identifier: GPL-2.0-only
"""Walks the links of a site, and compares each response with the file in the tree of the site."""

import gzip
import html
import http.client
import os
import re
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

HOST = "127.0.0.1:8080"

# What is no element, but may contain what looks like one.
NOT_ELEMENTS = re.compile(r"<!--.*?-->|(<script\b[^>]*>).*?</script>", re.DOTALL | re.IGNORECASE)
ELEMENT = re.compile(r"<[a-zA-Z][^<>]*>")
REFERENCE = re.compile(
    r"\s(?:href|src|poster|data-src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
STYLE_REFERENCE = re.compile(r"url\(\s*[\"']?([^\"')]+)[\"']?\s*\)")
BASE = re.compile(r"<base\s+href=[\"']?([^\"'>\s]+)", re.IGNORECASE)


def references(text, media_type):
    """Returns the references of a page or a style sheet, as they are written."""
    if media_type.startswith("text/css"):
        return set(STYLE_REFERENCE.findall(text))
    if not media_type.startswith("text/html"):
        return set()
    found = set()
    for element in ELEMENT.findall(NOT_ELEMENTS.sub(r"\1", text)):
        for groups in REFERENCE.findall(element):
            found.add(html.unescape(next(filter(None, groups), "")).strip())
    return found


class Crawler:
    """Requests all that a site refers to."""

    def __init__(self, tree, suffixes=()):
        self.tree = tree
        self.suffixes = suffixes
        self.connection = http.client.HTTPConnection(HOST, timeout=600)
        # Targets that were requested, with the status of the last response.
        self.statuses = {}
        self.absent = set()
        self.bytes = 0

    def request(self, target):
        """Requests a target as browsers do; returns the response and its content, decoded."""
        self.connection.request("GET", target, headers={"Accept-Encoding": "gzip"})
        response = self.connection.getresponse()
        content = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return response, content

    def file_of(self, path):
        """Returns the file of the tree that a path means, None if there is none."""
        name = self.tree + unquote(path)
        if name.endswith("/"):
            candidates = [name + "index.html"]
        else:
            candidates = [name, *(name + suffix for suffix in self.suffixes)]
            candidates += [name + "/index.html"]
        for candidate in candidates:
            for file in (candidate, candidate + ".gz"):
                if os.path.isfile(file):
                    return file
        return None

    def visit(self, target):
        """Requests a target; returns the targets to which it refers."""
        path = urlsplit(target).path
        file = self.file_of(path)
        response, content = self.request(target)
        self.statuses[target] = response.status
        self.bytes += len(content)
        if response.status in (301, 302, 307, 308):
            return {self.target(target, response.headers["Location"])}
        if response.status == 404 and file is None:
            self.absent.add(path)
            return set()
        assert response.status == 200, f"{target}: {response.status}, but the tree has {file}"
        assert file is not None, f"{target}: 200, but the tree has no such file"
        assert content == self.content(file), f"{target}: not the content of {file}"
        text = content.decode("utf-8", "replace")
        base = BASE.search(text)
        base = urljoin(target, base[1]) if base else target
        media_type = response.headers["Content-Type"]
        return {self.target(base, written) for written in references(text, media_type)}

    @staticmethod
    def content(file):
        """Returns the content of a file, decoded if the tree has it compressed alone."""
        with open(file, "rb") as opened:
            content = opened.read()
        is_coded = content[:2] == b"\x1f\x8b" and file.endswith(".gz")
        return gzip.decompress(content) if is_coded else content

    @staticmethod
    def target(base, written):
        """Returns the target of a reference, None if it leads elsewhere."""
        try:
            url = urlsplit(urldefrag(urljoin(f"http://{HOST}{base}", written))[0])
        except ValueError:
            return None
        if url.scheme != "http" or url.netloc != HOST:
            return None
        # As browsers, which escape what is neither ASCII nor allowed.
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return "".join(
            c if "!" <= c <= "~" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in target
        )

    def crawl(self, *starts):
        """Walks all links from some pages. Asserts that no link to a file of the tree is broken."""
        waiting = list(starts)
        seen = set(waiting)
        while waiting:
            found = self.visit(waiting.pop()) - seen - {None}
            seen |= found
            waiting += found
        return self

    def report(self, name):
        """Prints what was found."""
        redirects = sum(300 <= code < 400 for code in self.statuses.values())
        print(
            f"{name}: {len(self.statuses)} links, {redirects} redirects, {self.bytes} bytes,"
            f" {len(self.absent)} links to files that the site does not have:"
            f" {sorted(self.absent)[:5]}",
            flush=True,
        )
