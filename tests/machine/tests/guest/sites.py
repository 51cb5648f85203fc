# SPDX-License-Identifier: GPL-2.0-only
"""Sites of public generators, served as the documents of these ask, and crawled: sites.py NAME"""

import gzip
import os
import shutil
import sys
from pathlib import Path

import status
from crawler import Crawler
from resumption import run

DOC = "/usr/share/doc"
SITE = "/tmp/site"


def serve(*rules):
    """Serves the site with the rules that its generator asks for."""
    status.command("clear", f"root {SITE}", "max-file-bytes 268435456", *rules, "reload")


def copy(path, to=SITE):
    """Copies a site that a package has, with the files of other packages to which it links."""
    run("cp", "--recursive", "--dereference", path, to)


def crawl(name, *starts, least, suffixes=()):
    """Crawls the site, which must have so many links."""
    crawler = Crawler(SITE, suffixes).crawl("/", *starts)
    crawler.report(name)
    assert len(crawler.statuses) >= least, len(crawler.statuses)
    return crawler


def sphinx():
    """The documents of Python."""
    copy(f"{DOC}/python3.13/html")
    serve()
    crawl("Sphinx", least=1000)


def doxygen():
    """The manual of Doxygen, of which the package has one page compressed alone."""
    copy(f"{DOC}/doxygen/html")
    serve()
    crawler = crawl("Doxygen", least=50)
    assert crawler.statuses["/changelog.html"] == 200, crawler.statuses


BOOKS = "book nomicon reference rust-by-example edition-guide embedded-book rustc static.files"


def rust():
    """Books of Rust, by mdBook, and the documents of two crates, by rustdoc. Those of the others
    are absent."""
    os.makedirs(SITE)
    for name in f"{BOOKS} proc_macro test index.html".split():
        copy(f"{DOC}/rust-doc/html/{name}", f"{SITE}/{name}")
    for file in Path(f"{DOC}/rust-doc/html").glob("*.*"):
        copy(str(file), f"{SITE}/{file.name}")
    # The page for all paths that lead to nothing.
    serve("error 404 /not_found.html")
    starts = [f"/{name}/index.html" for name in f"{BOOKS} proc_macro test".split()[:-1]]
    crawl("Rust", *starts, "/book/print.html", least=2000)


def guide(folder):
    """Writes the Markdown of mdBook's own guide, of which the package has large files compressed."""
    shutil.copytree(f"{DOC}/mdbook/guide/src", folder)
    for file in Path(folder).rglob("*.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()


def mdbook():
    """The guide of mdBook. Its documents ask for 404.html as the page of that status."""
    guide("/tmp/book/src")
    Path("/tmp/book/book.toml").write_text('[book]\ntitle = "Guide"\n')
    run("mdbook", "build", "--dest-dir", SITE, "/tmp/book")
    serve("error 404 /404.html")
    crawl("mdBook", "/print.html", least=50)


def mkdocs():
    """The same guide by MkDocs, which makes a folder of each page."""
    guide("/tmp/docs/docs")
    Path("/tmp/docs/mkdocs.yml").write_text(
        "site_name: Guide\nsite_url: http://127.0.0.1:8080/\ntheme: readthedocs\n"
    )
    run("mkdocs", "build", "--site-dir", SITE, cwd="/tmp/docs")
    serve("error 404 /404.html")
    crawler = crawl("MkDocs", "/sitemap.xml", "/404.html", least=50)
    assert crawler.request("/none")[1] == Path(f"{SITE}/404.html").read_bytes()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
