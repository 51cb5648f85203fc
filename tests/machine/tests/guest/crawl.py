# SPDX-License-Identifier: GPL-2.0-only
"""Follows the links of the pages that list directories:

    crawl.py DIRECTORY [SKIPPED...]

DIRECTORY is the root that is served, with `autoindex yes` and no index. Each page must be a valid
document that has exactly the names, sizes and times of its directory, but not the names SKIPPED, and
each link must lead to the content."""

import html.parser
import http.client
import os
import sys
import time
import urllib.parse

# Elements without an end.
VOID = {"meta"}


class Page(html.parser.HTMLParser):
    """The rows of a page: the reference of the link, and the text of each cell."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.title = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img"), tag
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr" and "tbody" in self.open:
            self.rows.append([None])
        if tag == "td":
            self.rows[-1].append("")
        if tag == "a":
            self.rows[-1][0] = dict(attrs)["href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "td" in self.open:
            self.rows[-1][-1] += data
        elif "title" in self.open:
            self.title += data


def shown(name):
    """Returns a name as readers see it."""
    characters = name.decode(errors="replace")
    return "".join("\ufffd" if "\x7f" <= one <= "\x9f" else one for one in characters)


def minute(seconds):
    """Returns a time as readers see it."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def expected(folder, is_root, skipped):
    """Returns the rows of the page of a folder: reference, name, size and time."""
    names = [name for name in os.listdir(folder) if name not in skipped]
    folders = sorted(name for name in names if os.path.isdir(os.path.join(folder, name)))
    rows = [] if is_root else [[b"../", "../", "", ""]]
    for name in folders:
        stat = os.stat(os.path.join(folder, name))
        rows.append([name + b"/", shown(name) + "/", "", minute(stat.st_mtime)])
    for name in sorted(set(names) - set(folders)):
        stat = os.stat(os.path.join(folder, name))
        rows.append([name, shown(name), str(stat.st_size), minute(stat.st_mtime)])
    return rows


def main(root, *skipped):
    """Crawls."""
    root, skipped = os.fsencode(root), {os.fsencode(name) for name in skipped}
    server = http.client.HTTPConnection("127.0.0.1", 8080)

    def get(path):
        server.request("GET", path, headers={"Host": "a.example"})
        response = server.getresponse()
        body = response.read()
        assert response.status == 200, (path, response.status)
        return response.headers, body

    pending, pages, files = ["/"], 0, 0
    while pending:
        path = pending.pop()
        folder = root + urllib.parse.unquote_to_bytes(path)
        headers, body = get(path)
        assert headers["Content-Type"] == "text/html; charset=utf-8", headers
        assert body.startswith(b"<!DOCTYPE html>\n"), body
        page = Page(body.decode())
        rows = [[urllib.parse.unquote_to_bytes(row[0]), *row[1:]] for row in page.rows]
        assert rows == expected(folder, path == "/", skipped), (path, rows)
        assert page.title == "Index of " + shown(urllib.parse.unquote_to_bytes(path)), page.title
        pages += 1
        for reference, *_ in page.rows:
            target = urllib.parse.urljoin("http://a.example" + path, reference)
            assert target.startswith("http://a.example/"), target
            target = target.removeprefix("http://a.example")
            if reference == "../":
                assert target == path.rstrip("/").rpartition("/")[0] + "/", (path, target)
            elif target.endswith("/"):
                pending.append(target)
            else:
                with open(root + urllib.parse.unquote_to_bytes(target), "rb") as file:
                    assert get(target)[1] == file.read(), target
                files += 1
    print(f"{pages} pages, {files} files")


main(*sys.argv[1:])
