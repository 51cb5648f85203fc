# SPDX-License-Identifier: GPL-2.0-only
"""Sites of public generators, served as the documents of these ask, and crawled: sites.py NAME"""

import gzip
import os
import shutil
import sys
from pathlib import Path

import status
from crawler import HOST, Crawler
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
    if not crawler.absent:
        spider()
    return crawler


def spider():
    """Walks the site by wget, which fails if a link is broken."""
    options = ["--recursive", "--level=inf", "--compression=auto", "--no-verbose"]
    said = run("wget", "--spider", *options, f"http://{HOST}/", cwd="/tmp")
    print("wget:", said.strip().splitlines()[-1], flush=True)


def sphinx():
    """The documents of Python."""
    copy(f"{DOC}/python3.13/html")
    serve()
    crawl("Sphinx", least=500)


def doxygen():
    """The manual of Doxygen, of which the package has one page compressed alone."""
    copy(f"{DOC}/doxygen/html")
    serve()
    crawler = crawl("Doxygen", "/changelog.html", least=500)
    assert crawler.statuses["/changelog.html"] == 200, crawler.statuses


BOOKS = "book nomicon reference rust-by-example edition-guide embedded-book rustc".split()
CRATES = ["proc_macro", "test"]


def rust():
    """Books of Rust, by mdBook, and the documents of two crates, by rustdoc. Those of the others
    are absent."""
    os.makedirs(SITE)
    for name in [*BOOKS, *CRATES, "static.files"]:
        copy(f"{DOC}/rust-doc/html/{name}", f"{SITE}/{name}")
    for file in Path(f"{DOC}/rust-doc/html").glob("*.*"):
        copy(str(file), f"{SITE}/{file.name}")
    # The page for all paths that lead to nothing.
    serve("error 404 /not_found.html")
    crawl("Rust", *(f"/{name}/index.html" for name in BOOKS + CRATES), least=1000)


def guide(folder):
    """Writes the Markdown of mdBook's own guide, whose large files the package compresses."""
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


# Titles and tags from which generators make names: spaces, characters beyond ASCII, and those that
# mean something in a URL.
TITLES = ["Hello, world", "C# and F#", "100 % of it?", "Été à la plage", "日本語", "a.b.c v1.2"]
TAGS = ["C#", "naïve", "two words", "50%", "日本", "v1.2"]


def posts(folder, head, suffix=".md"):
    """Writes posts with their titles and tags in the form of a generator."""
    os.makedirs(folder)
    for number, title in enumerate(TITLES * 4):
        date = f"2026-0{1 + number % 9}-1{number % 10}"
        tags = [TAGS[number % len(TAGS)], TAGS[(number + 1) % len(TAGS)]]
        text = head(f"{title} {number}", date, tags) + f"\nThe text of post {number}.\n"
        Path(f"{folder}/{date}-post-{number}{suffix}").write_text(text, encoding="utf-8")


HUGO = {
    "hugo.toml": 'baseURL = "http://127.0.0.1:8080/"\ntitle = "Blog"\nenableRobotsTXT = true\n'
    "[pagination]\npagerSize = 5\n",
    "layouts/_default/baseof.html": "<!doctype html><title>{{ .Title }}</title>"
    '<link rel=stylesheet href="{{ (resources.Get "a.css" | fingerprint).RelPermalink }}">'
    '{{ range .AlternativeOutputFormats }}<link rel=alternate href="{{ .Permalink }}">{{ end }}'
    '<a href="{{ site.Home.RelPermalink }}">home</a>{{ block "main" . }}{{ end }}',
    "layouts/_default/list.html": '{{ define "main" }}{{ range (.Paginate .Pages).Pages }}'
    '<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}'
    '{{ template "_internal/pagination.html" . }}{{ range $name, $pages := site.Taxonomies.tags }}'
    '<a href="{{ $pages.Page.RelPermalink }}">{{ $name }}</a>{{ end }}{{ end }}',
    "layouts/_default/single.html": '{{ define "main" }}{{ .Content }}'
    '{{ range .GetTerms "tags" }}<a href="{{ .Permalink }}">{{ .Title }}</a>{{ end }}'
    '{{ with .Next }}<a href="{{ .RelPermalink }}">next</a>{{ end }}{{ end }}',
    "layouts/404.html": "<!doctype html><title>Not found</title>",
    "assets/a.css": "body { background: url(/pattern.svg) }\n",
    "static/pattern.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
}


def write(folder, files):
    """Writes files below a folder."""
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def hugo():
    """A blog by Hugo, with a folder for each page. Its documents ask for 404.html as the page of
    that status."""
    write("/tmp/hugo", HUGO)
    posts(
        "/tmp/hugo/content/posts",
        lambda title, date, tags: f'+++\ntitle = "{title}"\ndate = {date}\ntags = {tags}\n+++\n',
    )
    run("hugo", "--destination", SITE, cwd="/tmp/hugo")
    serve("error 404 /404.html", "cache-control *.css max-age=31536000, immutable")
    crawler = crawl("Hugo", "/robots.txt", "/sitemap.xml", least=50)
    assert crawler.request("/none")[1] == Path(f"{SITE}/404.html").read_bytes()


JEKYLL = {
    "_config.yml": "title: Blog\npermalink: /:title\n"
    "defaults:\n- scope: {type: posts}\n  values: {layout: post}\n",
    "_layouts/post.html": "<!doctype html><title>{{ page.title | escape }}</title>{{ content }}"
    '<a href="/">home</a>{% if page.next %}<a href="{{ page.next.url }}">next</a>{% endif %}',
    "index.html": "---\n---\n<!doctype html><title>Blog</title><a href=/about>about</a>"
    '{% for post in site.posts %}<a href="{{ post.url }}">{{ post.title | escape }}</a>'
    "{% endfor %}",
    "about.md": "---\ntitle: About\nlayout: post\npermalink: /about\n---\nAbout.\n",
    "404.html": "---\n---\n<!doctype html><title>Not found</title>",
}


def jekyll():
    """A blog by Jekyll, with permalinks without extension, for which its documents ask that the
    server finds the page."""
    write("/tmp/jekyll", JEKYLL)
    posts(
        "/tmp/jekyll/_posts",
        lambda title, date, tags: f'---\ntitle: "{title}"\ntags: {tags}\n---\n',
    )
    run("jekyll", "build", "--destination", SITE, cwd="/tmp/jekyll")
    serve("try-suffix .html", "error 404 /404.html")
    crawler = crawl("Jekyll", least=20, suffixes=[".html"])
    assert crawler.statuses["/about"] == 200, crawler.statuses


PELICAN = """
SITENAME = "Blog"
SITEURL = ""
PATH = "content"
THEME = "simple"
TIMEZONE = "UTC"
DEFAULT_PAGINATION = 5
FEED_ALL_ATOM = "feeds/all.atom.xml"
SLUGIFY_USE_UNICODE = True
SLUGIFY_PRESERVE_CASE = True
ARTICLE_URL = "{date:%Y}/{slug}"
ARTICLE_SAVE_AS = "{date:%Y}/{slug}.html"
TAG_URL = "tag/{slug}"
"""


def pelican():
    """A blog by Pelican, with URLs without extension and names beyond ASCII."""
    write("/tmp/pelican", {"pelicanconf.py": PELICAN})
    posts(
        "/tmp/pelican/content",
        lambda title, date, tags: f"Title: {title}\nDate: {date}\nTags: {', '.join(tags)}\n",
    )
    run("pelican", "content", "--output", SITE, cwd="/tmp/pelican")
    serve("try-suffix .html")
    crawl("Pelican", "/tags.html", "/archives.html", least=50, suffixes=[".html"])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
