// SPDX-License-Identifier: GPL-2.0-only

//! Sites that public generators make, each walked by a crawler. No link is broken whose file the
//! site has, and each response is the content of its file.

use crate::check;
use crate::common::Result;

fn walk(generator: &str) -> Result {
    let programs = ["sites.py", "crawler.py", "resumption.py"];
    check(&programs, &format!("sites.py {generator}"))
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_the_documents_of_python_is_broken() -> Result {
    walk("sphinx")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_the_manual_of_doxygen_is_broken() -> Result {
    walk("doxygen")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_the_books_of_rust_is_broken() -> Result {
    walk("rust")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_a_book_of_mdbook_is_broken() -> Result {
    walk("mdbook")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_a_site_of_mkdocs_is_broken() -> Result {
    walk("mkdocs")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_of_a_blog_of_hugo_is_broken() -> Result {
    walk("hugo")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_without_extension_of_a_blog_of_jekyll_is_broken() -> Result {
    walk("jekyll")
}

#[test]
#[ignore = "needs the clients' root; run by `make test-clients`"]
fn no_link_beyond_ascii_of_a_blog_of_pelican_is_broken() -> Result {
    walk("pelican")
}
