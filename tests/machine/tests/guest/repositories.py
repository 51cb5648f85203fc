# SPDX-License-Identifier: GPL-2.0-only
"""Repositories for programs that get them over HTTP: repositories.py apt|apt_changed|dnf|git"""

import glob
import os
import shutil
import sys

import status
from resumption import SIZE, digest, interrupt, interrupt_twice, kill, random_file, resumed
from resumption import run, slow_link

SITE = "/tmp/site"
URL = "http://127.0.0.1:8080"


def publish(*rules):
    """Serves the site as it is now."""
    status.command("clear", f"root {SITE}", *rules, "reload")


def deb():
    """Writes a Debian package with a large file, and the index of its repository."""
    random_file("/tmp/deb/usr/share/large/data")
    os.makedirs("/tmp/deb/DEBIAN", exist_ok=True)
    status.write(
        "/tmp/deb/DEBIAN/control",
        "Package: large\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Test <test@localhost>\nDescription: A large file\n",
    )
    os.makedirs(f"{SITE}/debian", exist_ok=True)
    run("dpkg-deb", "--build", "-Znone", "/tmp/deb", f"{SITE}/debian/large_1_all.deb")
    index("packages", "Packages")
    index("release", "Release")


def index(kind, name):
    """Writes an index by apt-ftparchive, which must not find it."""
    said = run("sh", "-c", f"apt-ftparchive {kind} . 2>/dev/null", cwd=f"{SITE}/debian")
    status.write(f"{SITE}/debian/{name}", said)


def apt_sources():
    """Lets apt know the repository alone."""
    for file in glob.glob("/etc/apt/sources.list*"):
        run("rm", "--recursive", file)
    status.write("/etc/apt/sources.list", f"deb [trusted=yes] {URL}/debian ./\n")


APT = ["apt-get", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=0"]
APT_SAYS = ["-o", "Debug::Acquire::http=yes"]
PARTIAL = "/var/cache/apt/archives/partial/*.deb"


def apt():
    """Resumes a package, and keeps the indexes that have not changed."""
    deb()
    publish()
    apt_sources()
    run(*APT, "update")
    said = resumed([*APT, *APT_SAYS, "install", "--yes", "large"], [PARTIAL])
    assert "206 Partial Content" in said and "If-Range: " in said, said
    assert digest("/usr/share/large/data") == digest("/tmp/deb/usr/share/large/data")
    said = run(*APT, *APT_SAYS, "update")
    assert "304 Not Modified" in said and "Hit:" in said and "Get:" not in said, said


def apt_changed():
    """Gets all of a package that has another content than the part that is there."""
    deb()
    publish()
    apt_sources()
    run(*APT, "update")
    with slow_link():
        interrupt([*APT, "install", "--yes", "large"], [PARTIAL], SIZE // 2, kill)
    # Of the same version and length, with a new date.
    deb()
    publish()
    run(*APT, "update")
    said = run(*APT, *APT_SAYS, "install", "--yes", "large")
    assert "If-Range: " in said and "206 Partial Content" not in said, said
    assert digest("/usr/share/large/data") == digest("/tmp/deb/usr/share/large/data")


RPM = """
Name: large
Version: 1
Release: 1
Summary: A large file
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/usr/share/large
cp /tmp/large %{buildroot}/usr/share/large/data
%files
/usr/share/large/data
"""


def dnf():
    """Gets a package in spite of interruptions. librepo resumes by a Range, but takes the length of
    the part for that of the file, and begins anew. The metadata are chunks of zchunk."""
    random_file("/tmp/large")
    status.write("/tmp/large.spec", RPM)
    run("rpmbuild", "-bb", "--define", "_binary_payload w0.gzdio", "/tmp/large.spec")
    os.makedirs(f"{SITE}/rpm", exist_ok=True)
    (package,) = glob.glob(os.path.expanduser("~/rpmbuild/RPMS/noarch/*.rpm"))
    shutil.copy(package, f"{SITE}/rpm")
    run("createrepo_c", "--zck", f"{SITE}/rpm")
    publish()
    options = ["--releasever=1", "--nogpgcheck", f"--repofrompath=khttpd,{URL}/rpm"]
    options += ["--repo=khttpd", "--setopt=retries=1", "--setopt=cachedir=/tmp/cache"]
    command = ["dnf", *options, "--assumeyes", "--installroot=/tmp/fedora"]
    run(*command, "makecache")
    packages = "/tmp/cache/*/packages/*.rpm"
    install = [*command, "install", "--downloadonly", "large"]
    interrupt_twice(install, [packages], kill)
    run(*install)
    (got,) = glob.glob(packages)
    assert digest(got) == digest(package)


def commit(text):
    """Adds a commit to the repository, as loose objects."""
    status.write("/tmp/work/file", text)
    run("git", "-C", "/tmp/work", "add", "file")
    run("git", "-C", "/tmp/work", "commit", "--quiet", "--message", text)
    run("git", "-C", "/tmp/work", "push", "--quiet", f"{SITE}/r.git", "main")
    run("git", "-C", f"{SITE}/r.git", "update-server-info")


def git():
    """Clones and fetches packs and loose objects, also beside an application that is the fallback
    for all other paths."""
    for name, value in {"user.name": "Test", "user.email": "test@localhost"}.items():
        run("git", "config", "--global", name, value)
    os.makedirs(SITE, exist_ok=True)
    status.write(f"{SITE}/index.html", "<!doctype html><title>Application</title>\n")
    run("git", "init", "--quiet", "--initial-branch=main", "/tmp/work")
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", f"{SITE}/r.git")
    for number in range(20):
        commit(f"packed {number}")
    run("git", "-C", f"{SITE}/r.git", "repack", "-ad", "--quiet")
    commit("loose")
    for number, rules in enumerate([[], ["fallback * /index.html except /r.git/*"]]):
        publish(*rules)
        clone = f"/tmp/clone{number}"
        run("git", "clone", "--quiet", f"{URL}/r.git", clone)
        commit(f"later {number}")
        publish(*rules)
        run("git", "-C", clone, "pull", "--quiet")
        run("git", "-C", clone, "fsck", "--strict")
        heads = {run("git", "-C", of, "rev-parse", "main") for of in ("/tmp/work", clone)}
        assert len(heads) == 1, heads


if __name__ == "__main__":
    os.makedirs(SITE, exist_ok=True)
    globals()[sys.argv[1]]()
