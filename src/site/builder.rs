// SPDX-License-Identifier: GPL-2.0-only

//! A site that is being made.

use super::{
    content::{
        Deduplicator,
        ETAG_LEN, //
    },
    hosts::Hosts,
    load::interrupted,
    rules::Rules,
    shown::{
        Shown,
        Value, //
    },
    table::{
        IndexTarget, //
        NameRange,
        PathIndex,
    },
    variant::Variants,
    virtual_host::{
        DirectoryRedirect,
        Fallback,
        StoredRedirect,
        VirtualHost, //
    },
    Entry,
    EntryId,
    FileError, //
    LoadError,
    LoadPolicy,
    Site,
};
use crate::sys::{
    clock,
    page::PageBuffer, //
};
use core::mem;
use kernel::prelude::*;
use protocol::{
    control::rule::{
        EncodedPath,
        FilePattern,
        Rule,
        TrailingSlash, //
    }, //
    http::{
        Coding,
        Codings,
        HostPattern,
        Metadata,
        Status,
        Timestamp,
        TARGET_MAX, //
    },
};

/// The file that stands for its directory, with the slash in front of it.
const INDEX: &[u8] = b"/index.html";

/// The page that is sent with a 404, if it is there and no rule says otherwise.
const NOT_FOUND_PAGE: &[u8] = b"/404.html";

/// How the names of files end that hold another file in a coding.
const CODED: [(Coding, &[u8]); 3] = [
    (Coding::Gzip, b".gz"),
    (Coding::Brotli, b".br"),
    (Coding::Zstd, b".zst"),
];

/// What a file takes beside its content and its path, roughly, in bytes. It is known when its tree
/// is finished.
const ENTRY_BYTES: usize = 300;

/// Takes files, tree by tree, and makes a [`Site`] of them.
pub(super) struct SiteBuilder<'o> {
    terms: &'o LoadPolicy,
    contents: Deduplicator<'o>,
    /// The paths and files of the tree that is being read.
    table: PathIndex,
    files: KVVec<File>,
    forms: Variants,
    entries: KVVec<Entry>,
    zones: KVec<VirtualHost>,
    hosts: Hosts,
    /// Files and directories so far.
    found: u32,
    /// What the tables of the trees take that are finished, in bytes.
    tables: usize,
}

/// A file of the tree that is being read.
struct File {
    path: NameRange,
    content: u32,
    modified: Timestamp,
}

impl<'o> SiteBuilder<'o> {
    /// Without files; shares with `old` what is the same. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(terms: &'o LoadPolicy, old: Option<&'o Site>) -> Result<Self> {
        Ok(Self {
            terms,
            contents: Deduplicator::new(old)?,
            table: PathIndex::new(),
            files: KVVec::new(),
            forms: Variants::new(),
            entries: KVVec::new(),
            zones: KVec::new(),
            hosts: Hosts::new(),
            found: 0,
            tables: 0,
        })
    }

    /// Counts a file or a directory.
    ///
    /// # Errors
    ///
    /// There may be no more of them.
    pub(super) fn count(&mut self) -> Result<(), FileError> {
        let max = self.terms.bounds.max_entries;
        if self.found >= max {
            return Err(FileError::Entries(max));
        }
        self.found += 1;
        Ok(())
    }

    /// Adds the file at `path`, which begins with a slash and is decoded and normalised, last
    /// modified so many seconds after 1970. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the bounds that are met.
    pub(super) fn add(
        &mut self,
        path: &[u8],
        content: PageBuffer,
        modified: u64,
    ) -> Result<(), FileError> {
        self.count()?;
        if path.len() > TARGET_MAX {
            return Err(FileError::Path(TARGET_MAX));
        }
        let file = File {
            path: self.table.keep(path)?,
            content: self.contents.add(content)?,
            // A time in the future must not be told (RFC 9110, section 8.8.2.1).
            modified: Timestamp(modified.min(clock::real_seconds())),
        };
        self.files.push(file, GFP_KERNEL_ACCOUNT)?;
        self.terms.admit_memory(self.needed())
    }

    /// What the site would take if this were all, in bytes; roughly, as to the tree that is being
    /// read.
    fn needed(&self) -> usize {
        self.contents.bytes()
            + self.forms.needed()
            + self.entries.len() * size_of::<Entry>()
            + self.tables
            + self.table.needed()
            + self.files.len() * ENTRY_BYTES
    }

    /// What was added is all of the tree `name`, which is for `hosts`. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; what is wrong with the rules for this tree; the bound that it meets; `EINTR` after
    /// a signal.
    pub(super) fn finish_tree(
        &mut self,
        name: &[u8],
        rules: &Rules<'_>,
        hosts: HostPattern<'_>,
    ) -> Result<(), LoadError> {
        let mut zone = VirtualHost {
            table: mem::replace(&mut self.table, PathIndex::new()),
            redirects: KVec::new(),
            moved_directories: KVec::new(),
            fall_backs: KVec::new(),
            error_pages: KVec::new(),
        };
        let files = mem::take(&mut self.files);
        rules.admit(name)?;
        enter_redirects(&mut zone, rules)?;
        let first = u32::try_from(self.entries.len()).map_err(|_| EFBIG)?;
        for (number, file) in (first..).zip(&files) {
            interrupted()?;
            enter_file(&mut zone, rules, file.path, number)
                .map_err(|e| LoadError::at(name, zone.table.bytes(file.path), e))?;
        }
        self.tables += zone.table.needed();
        for file in &files {
            interrupted()?;
            self.add_forms(&zone.table, rules, file, first, &files)
                .map_err(|e| LoadError::at(name, zone.table.bytes(file.path), e))?;
        }
        add_pages(&mut zone, rules, name)?;
        zone.table.finish()?;
        self.hosts
            .add(hosts, u32::try_from(self.zones.len()).map_err(|_| EFBIG)?)?;
        self.zones.push(zone, GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// The site with all trees that were finished. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ENOSPC` if it takes more memory than it may.
    pub(super) fn build(mut self) -> Result<Site, LoadError> {
        self.forms.finish()?;
        self.entries.shrink_to(0, GFP_KERNEL_ACCOUNT)?;
        let contents = self.contents.finish()?;
        let footprint = contents.footprint()?
            + self.forms.footprint()
            + self.entries.capacity() * size_of::<Entry>()
            + self.zones.iter().map(VirtualHost::footprint).sum::<usize>();
        self.terms
            .admit_memory(footprint)
            .map_err(|e| LoadError::at(b"", b"the last file", e))?;
        Ok(Site {
            hosts: self.hosts,
            zones: self.zones,
            entries: self.entries,
            forms: self.forms,
            contents,
            footprint,
            left_out: 0,
        })
    }

    /// Makes an entry of `file`, with all the codings in which it is there.
    fn add_forms(
        &mut self,
        table: &PathIndex,
        rules: &Rules<'_>,
        file: &File,
        first: u32,
        files: &[File],
    ) -> Result<(), FileError> {
        let path = table.bytes(file.path);
        let coded = self.coded(table, file, first, files)?;
        let first_form = u32::try_from(self.forms.len()).map_err(|_| EFBIG)?;
        let (mut media_type, mut extra) = (KVec::new(), KVec::new());
        rules.put_media_type(path, &mut media_type)?;
        rules.put_fields(path, &mut extra)?;
        let mut codings = Codings::default();
        for (coding, _) in &coded {
            codings = codings.with(*coding);
        }
        for (coding, number) in coded {
            let (length, etag) = self.stored(number)?;
            let facts = Metadata {
                length,
                media_type: &media_type,
                coding,
                modified: file.modified,
                etag: &etag,
                vary: codings.vary(),
                cache_control: rules.cache_control(path),
                extra: &extra,
            };
            self.forms.add(number, &facts).map_err(|e| match e {
                EMSGSIZE => FileError::Head,
                e => e.into(),
            })?;
        }
        let entry = Entry {
            first: first_form,
            codings,
        };
        self.entries.push(entry, GFP_KERNEL_ACCOUNT)?;
        self.terms.admit_memory(self.needed())
    }

    /// The contents of `file` in its codings: itself, and files beside it that are shorter.
    fn coded(
        &self,
        table: &PathIndex,
        file: &File,
        first: u32,
        files: &[File],
    ) -> Result<KVec<(Coding, u32)>> {
        let mut found = KVec::with_capacity(1 + CODED.len(), GFP_KERNEL_ACCOUNT)?;
        found.push((Coding::Identity, file.content), GFP_KERNEL_ACCOUNT)?;
        let (length, _) = self.stored(file.content)?;
        let mut path = KVec::new();
        for (coding, suffix) in CODED {
            path.clear();
            path.extend_from_slice(table.bytes(file.path), GFP_KERNEL_ACCOUNT)?;
            path.extend_from_slice(suffix, GFP_KERNEL_ACCOUNT)?;
            let Some(IndexTarget::Entry(number)) = table.find(&path) else {
                continue;
            };
            let beside = number
                .checked_sub(first)
                .and_then(|number| files.get(usize::try_from(number).ok()?));
            match beside.map(|file| file.content) {
                Some(content) if self.stored(content)?.0 < length => {
                    found.push((coding, content), GFP_KERNEL_ACCOUNT)?;
                }
                _ => (),
            }
        }
        Ok(found)
    }

    /// The length and the entity tag of a content.
    fn stored(&self, number: u32) -> Result<(u64, [u8; ETAG_LEN])> {
        let contents = self.contents.contents();
        let content = contents.get(number).ok_or(EINVAL)?;
        Ok((contents.bytes(content).len() as u64, content.etag()))
    }
}

/// Lets the paths that have moved lead where they are now, and others where rules say, before
/// files can take them.
fn enter_redirects(zone: &mut VirtualHost, rules: &Rules<'_>) -> Result<(), LoadError> {
    // The last rule for a path counts.
    for rule in rules.iter().rev() {
        if let Rule::StatusPage(path) = rule {
            insert(zone, *path, IndexTarget::Status)?;
        }
        let Rule::Redirect { status, from, to } = rule else {
            continue;
        };
        let to = StoredRedirect {
            status: *status,
            location: copy(to.as_bytes())?,
        };
        match from {
            FilePattern::Exact(path) => {
                let number = u32::try_from(zone.redirects.len()).map_err(|_| EFBIG)?;
                insert(zone, *path, IndexTarget::Redirect(number))?;
                zone.redirects.push(to, GFP_KERNEL_ACCOUNT)?;
            }
            FilePattern::Under(directory) => {
                let directory = decoded(*directory)?;
                let moved = DirectoryRedirect { directory, to };
                zone.moved_directories.push(moved, GFP_KERNEL_ACCOUNT)?;
            }
            FilePattern::All | FilePattern::Suffix(_) => (),
        }
    }
    Ok(())
}

/// Lets a path of a rule lead somewhere, unless one that counts more has done so.
fn insert(zone: &mut VirtualHost, path: EncodedPath<'_>, target: IndexTarget) -> Result {
    let path = decoded(path)?;
    if zone.directory_moved(&path).is_some() {
        return Ok(());
    }
    match zone.table.insert(&path, target) {
        Err(EEXIST) => Ok(()),
        inserted => inserted,
    }
}

/// Lets the path of a file lead to it, and that of a directory to its index.
fn enter_file(
    zone: &mut VirtualHost,
    rules: &Rules<'_>,
    path: NameRange,
    number: u32,
) -> Result<(), FileError> {
    let entry = IndexTarget::Entry(number);
    enter(zone, path, entry)?;
    let bytes = zone.table.bytes(path);
    let Some(without_slash) = bytes.strip_suffix(INDEX).map(<[u8]>::len) else {
        return Ok(());
    };
    enter(zone, path.shortened(without_slash + 1), entry)?;
    let target = match rules.trailing_slash() {
        TrailingSlash::Redirect => IndexTarget::Directory,
        TrailingSlash::Serve => entry,
        TrailingSlash::Refuse => return Ok(()),
    };
    match without_slash {
        0 => Ok(()),
        len => enter(zone, path.shortened(len), target),
    }
}

/// Lets a path lead somewhere, unless it has moved.
fn enter(zone: &mut VirtualHost, path: NameRange, target: IndexTarget) -> Result<(), FileError> {
    let bytes = zone.table.bytes(path);
    let taken = zone.table.find(bytes);
    if zone.directory_moved(bytes).is_some()
        || matches!(taken, Some(IndexTarget::Redirect(_) | IndexTarget::Status))
    {
        return Ok(());
    }
    zone.table.enter(path, target).map_err(|e| match e {
        EEXIST => FileError::Twice,
        e => e.into(),
    })
}

/// Finds the pages that rules name; the last rule comes first.
fn add_pages(zone: &mut VirtualHost, rules: &Rules<'_>, tree: &[u8]) -> Result<(), LoadError> {
    for rule in rules.iter().rev() {
        match rule {
            Rule::Fallback { under, page } => {
                let directory = match under {
                    FilePattern::Under(directory) => decoded(*directory)?,
                    _ => copy(b"/")?,
                };
                let page = page_of(zone, rule, *page, tree)?;
                let fall_back = Fallback { directory, page };
                zone.fall_backs.push(fall_back, GFP_KERNEL_ACCOUNT)?;
            }
            Rule::ErrorPage { status, page } => {
                let page = page_of(zone, rule, *page, tree)?;
                if zone.error_page(*status).is_none() {
                    zone.error_pages.push((*status, page), GFP_KERNEL_ACCOUNT)?;
                }
            }
            _ => (),
        }
    }
    if let Some(IndexTarget::Entry(page)) = zone.table.find(NOT_FOUND_PAGE) {
        let page = (Status::NotFound, EntryId(page));
        zone.error_pages.push(page, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(())
}

/// The file that a rule names.
fn page_of(
    zone: &VirtualHost,
    rule: &Rule<'_>,
    page: EncodedPath<'_>,
    tree: &[u8],
) -> Result<EntryId, LoadError> {
    match zone.table.find(&decoded(page)?) {
        Some(IndexTarget::Entry(number)) => Ok(EntryId(number)),
        _ => Err(LoadError::new(
            ENOENT,
            fmt!(
                "{}: the rule \"{}\" names no file that is served",
                Value(Shown(tree)),
                Value(rule)
            ),
        )),
    }
}

/// What a path of a rule comes to.
fn decoded(path: EncodedPath<'_>) -> Result<KVec<u8>> {
    let mut bytes = KVec::new();
    for byte in path.decoded() {
        bytes.push(byte, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(bytes)
}

fn copy(bytes: &[u8]) -> Result<KVec<u8>> {
    let mut copy = KVec::new();
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    Ok(copy)
}

#[kunit_tests(khttpd_site)]
mod tests {
    use super::{
        super::Limits,
        *, //
    };
    use protocol::http::{
        Lookup,
        PathBuffer,
        Resources as _, //
    };

    /// A site of one tree.
    fn site(files: &[(&[u8], &[u8])], rules: &[u8], old: Option<&Site>) -> Result<Site> {
        bounded(files, rules, old, Limits::MAX).map_err(|e| e.errno())
    }

    fn bounded(
        files: &[(&[u8], &[u8])],
        rules: &[u8],
        old: Option<&Site>,
        bounds: Limits,
    ) -> Result<Site, LoadError> {
        let terms = LoadPolicy::new(bounds);
        let mut builder = SiteBuilder::new(&terms, old)?;
        add(&mut builder, files, rules, HostPattern::Any)?;
        builder.build()
    }

    fn add(
        builder: &mut SiteBuilder<'_>,
        files: &[(&[u8], &[u8])],
        rules: &[u8],
        hosts: HostPattern<'_>,
    ) -> Result<(), LoadError> {
        for (path, content) in files {
            let content = PageBuffer::copy_of(content)?;
            builder
                .add(path, content, 0)
                .map_err(|e| LoadError::at(b"test", path, e))?;
        }
        builder.finish_tree(b"test", &Rules::new(b"", b"test", rules)?, hosts)
    }

    /// What a path leads to, in a few letters.
    fn ask(site: &Site, host: &[u8], path: &[u8]) -> Result<KVec<u8>> {
        let mut buffer = KBox::new(PathBuffer::new(), GFP_KERNEL)?;
        let path = protocol::http::Path::parse(path, &mut buffer).map_err(|_| EINVAL)?;
        match site.find(Some(host), path.ok_or(EINVAL)?) {
            Lookup::NotFound => copy(b"nothing"),
            Lookup::MissingSlash => copy(b"directory"),
            Lookup::Redirect(moved) => copy(moved.location),
            Lookup::StatusPage => copy(b"status"),
            Lookup::Resource(entry, _) => {
                let form = site.representation(entry, Coding::Identity).ok_or(EIO)?;
                let mut content = KVec::new();
                for piece in site.body(form.body).ok_or(EIO)?.slices() {
                    content.extend_from_slice(piece, GFP_KERNEL)?;
                }
                Ok(content)
            }
        }
    }

    fn asked(site: &Site, path: &[u8], expected: &[u8]) -> Result {
        let found = ask(site, b"localhost", path)?;
        assert!(found[..] == *expected);
        Ok(())
    }

    #[test]
    fn directory_leads_to_its_index_and_without_slash_to_itself() -> Result {
        let files: [(&[u8], &[u8]); 2] =
            [(b"/index.html", b"root"), (b"/a/b/index.html", b"below")];
        let made = site(&files, b"", None)?;
        asked(&made, b"/", b"root")?;
        asked(&made, b"/index.html", b"root")?;
        asked(&made, b"/a/b/", b"below")?;
        asked(&made, b"/a/b", b"directory")?;
        asked(&made, b"/a/", b"nothing")?;
        asked(
            &site(&files, b"trailing-slash serve", None)?,
            b"/a/b",
            b"below",
        )?;
        asked(
            &site(&files, b"trailing-slash refuse", None)?,
            b"/a/b",
            b"nothing",
        )
    }

    #[test]
    fn coded_file_beside_another_is_a_form_of_it_if_it_is_shorter() -> Result {
        let files: [(&[u8], &[u8]); 3] = [
            (b"/a.css", b"a long style sheet"),
            (b"/a.css.br", b"short"),
            (b"/a.css.gz", b"longer than what it holds"),
        ];
        let made = site(&files, b"", None)?;
        let entry = EntryId(0);
        let coded = made.representation(entry, Coding::Brotli).ok_or(ENOENT)?;
        assert_eq!(coded.length, 5);
        assert!(coded.head.media_type() == b"text/css; charset=utf-8");
        assert!(made.representation(entry, Coding::Gzip).is_none());
        asked(&made, b"/a.css.br", b"short")?;
        asked(&made, b"/a.css.gz", b"longer than what it holds")?;
        assert!(made.representation(EntryId(1), Coding::Brotli).is_none());
        assert_eq!(made.contents.len(), 3);
        Ok(())
    }

    #[test]
    fn same_content_is_stored_once_and_shared_with_the_old_site() -> Result {
        let first = site(
            &[(b"/a", b"same"), (b"/b", b"same"), (b"/c", b"other")],
            b"",
            None,
        )?;
        assert_eq!((first.len(), first.contents.len()), (3, 2));
        let files: [(&[u8], &[u8]); 2] = [(b"/x", b"other"), (b"/y", b"new")];
        let second = site(&files, b"", Some(&first))?;
        let place = |site: &Site, number| -> Result<*const u8> {
            let body = site.representation(EntryId(number), Coding::Identity);
            let bytes = site.body(body.ok_or(ENOENT)?.body).ok_or(ENOENT)?;
            Ok(bytes.slices().next().ok_or(ENOENT)?.as_ptr())
        };
        assert!(place(&first, 0)? == place(&first, 1)?);
        assert!(place(&first, 2)? == place(&second, 0)?);
        drop(first);
        asked(&second, b"/x", b"other")?;
        asked(&second, b"/y", b"new")
    }

    #[test]
    fn rules_put_fields_into_heads_and_the_last_of_a_kind_counts() -> Result {
        let rules = b"cache-control * no-cache\ncache-control /a/* max-age=60\n\
            field * X-A: 1\nfield *.css x-a: 2\nfield *.css X-B: 3\n\
            media-type *.css text/plain\n";
        let files: [(&[u8], &[u8]); 2] = [(b"/a/b.css", b""), (b"/c", b"")];
        let made = site(&files, rules, None)?;
        let head = |number| -> Result<&[u8]> {
            let form = made.representation(EntryId(number), Coding::Identity);
            Ok(form.ok_or(ENOENT)?.head.whole())
        };
        let has = |head: &[u8], line: &[u8]| head.windows(line.len()).any(|part| part == line);
        let styled = head(0)?;
        assert!(has(
            styled,
            b"\r\nCache-Control: max-age=60\r\nx-a: 2\r\nX-B: 3\r\n"
        ));
        assert!(has(styled, b"\r\nContent-Type: text/plain\r\n"));
        assert!(!has(styled, b"X-A: 1"));
        assert!(has(
            head(1)?,
            b"\r\nCache-Control: no-cache\r\nX-A: 1\r\nServer: "
        ));
        Ok(())
    }

    #[test]
    fn redirects_win_over_files_and_files_over_fall_backs() -> Result {
        let rules = b"redirect 301 /old /new\nredirect 301 /gone/first /new\nstatus-page /gone/status\n\
            redirect 302 /gone/* /here/\nredirect 301 /gone/last /new\nredirect 307 /old /newer\nstatus-page /app/status\nfallback * /index.html\nfallback /app/* /app/index.html\n";
        let files: [(&[u8], &[u8]); 5] = [
            (b"/index.html", b"root"),
            (b"/old", b"old"),
            (b"/gone/index.html", b"gone"),
            (b"/app/index.html", b"app"),
            (b"/app/file", b"file"),
        ];
        let made = site(&files, rules, None)?;
        asked(&made, b"/old", b"/newer")?;
        asked(&made, b"/gone/", b"/here/")?;
        asked(&made, b"/gone/index.html", b"/here/")?;
        asked(&made, b"/gone/a/b", b"/here/")?;
        asked(&made, b"/gone/first", b"/here/")?;
        asked(&made, b"/gone/status", b"/here/")?;
        asked(&made, b"/gone/last", b"/new")?;
        asked(&made, b"/gone", b"directory")?;
        asked(&made, b"/app/file", b"file")?;
        asked(&made, b"/app/status", b"status")?;
        asked(&made, b"/app/other", b"app")?;
        asked(&made, b"/other", b"root")
    }

    #[test]
    fn rules_that_are_looked_through_are_few() -> Result {
        let count = |redirects, fall_backs| -> Result<Result<Site>> {
            let mut rules = KVec::new();
            for _ in 0..redirects {
                rules.extend_from_slice(
                    b"redirect 301 /a/* /b/\nredirect 301 /c /d\n",
                    GFP_KERNEL,
                )?;
            }
            for _ in 0..fall_backs {
                rules.extend_from_slice(b"fallback /a/* /index.html\n", GFP_KERNEL)?;
            }
            Ok(site(&[(b"/index.html", b"root")], &rules, None))
        };
        assert!(count(1000, 24)?.is_ok());
        assert!(count(1001, 24)?.err() == Some(ENOSPC));
        assert!(count(1000, 25)?.err() == Some(ENOSPC));
        Ok(())
    }

    #[test]
    fn error_pages_are_those_of_the_rules_or_404_html() -> Result {
        let files: [(&[u8], &[u8]); 2] = [(b"/404.html", b"plain"), (b"/e", b"by rule")];
        let page = |rules, status| -> Result<Option<u64>> {
            let made = site(&files, rules, None)?;
            let page = made.error_page(None, status);
            Ok(page.map(|page| page.length))
        };
        assert_eq!(page(b"", Status::NotFound)?, Some(5));
        assert_eq!(page(b"error 404 /e", Status::NotFound)?, Some(7));
        assert_eq!(page(b"error 405 /e", Status::MethodNotAllowed)?, Some(7));
        assert_eq!(page(b"", Status::MethodNotAllowed)?, None);
        assert!(page(b"error 404 /none", Status::NotFound) == Err(ENOENT));
        assert!(page(b"fallback * /none", Status::NotFound) == Err(ENOENT));
        Ok(())
    }

    #[test]
    fn each_host_gets_its_own_tree() -> Result {
        let terms = LoadPolicy::new(Limits::MAX);
        let mut builder = SiteBuilder::new(&terms, None)?;
        for (host, content) in [("*", "any"), ("a.example", "a"), ("*.a.example", "below")] {
            let host = HostPattern::parse(host.as_bytes()).map_err(|_| EINVAL)?;
            let files: [(&[u8], &[u8]); 2] = [(b"/f", content.as_bytes()), (b"/same", b"same")];
            add(&mut builder, &files, b"", host).map_err(|e| e.errno())?;
        }
        let made = builder.build().map_err(|e| e.errno())?;
        for (host, content) in [("b", "any"), ("A.example.", "a"), ("x.a.example", "below")] {
            assert!(ask(&made, host.as_bytes(), b"/f")?[..] == *content.as_bytes());
        }
        assert_eq!((made.len(), made.contents.len()), (6, 4));
        Ok(())
    }

    #[test]
    fn bounds_are_met_by_what_exceeds_them() -> Result {
        let files: [(&[u8], &[u8]); 3] = [(b"/a", b"1"), (b"/b", b"2"), (b"/c", b"3")];
        let with = |bounds| bounded(&files, b"", None, bounds).err().map(|e| e.errno());
        let max = Limits::MAX;
        assert!(with(Limits {
            max_entries: 3,
            ..max
        })
        .is_none());
        assert!(
            with(Limits {
                max_entries: 2,
                ..max
            }) == Some(ENOSPC)
        );
        assert!(
            with(Limits {
                max_site_bytes: 1000,
                ..max
            }) == Some(ENOSPC)
        );
        assert!(with(Limits {
            max_site_bytes: 1 << 20,
            ..max
        })
        .is_none());
        Ok(())
    }

    #[test]
    fn wrong_rules_are_refused() {
        for rules in [
            &b"error 404"[..],
            b"eror 404 /a",
            b"follow-links yes",
            b"field * A: b\x01c",
        ] {
            assert!(site(&[], rules, None).err() == Some(EINVAL));
        }
    }

    #[test]
    fn an_entry_takes_less_than_512_bytes_beside_its_content() -> Result {
        const COUNT: u32 = 20_000;
        let terms = LoadPolicy::new(Limits::MAX);
        let mut builder = SiteBuilder::new(&terms, None)?;
        for number in 0..COUNT {
            let mut path = KVec::new();
            path.extend_from_slice(b"/a-directory/with-some/files-0000.html", GFP_KERNEL)?;
            path.extend_from_slice(&number.to_be_bytes(), GFP_KERNEL)?;
            let mut content = PageBuffer::new(4096)?;
            for (place, byte) in content.pieces().flatten().zip(number.to_be_bytes()) {
                *place = byte;
            }
            builder.add(&path, content, 0).map_err(FileError::errno)?;
        }
        let rules = Rules::new(b"", b"", b"").map_err(|e| e.errno())?;
        builder
            .finish_tree(b"", &rules, HostPattern::Any)
            .map_err(|e| e.errno())?;
        let made = builder.build().map_err(|e| e.errno())?;
        let entries = COUNT as usize;
        let beside = (made.footprint() - entries * 4096) / entries;
        pr_info!("an entry takes {beside} bytes beside its content\n");
        assert!(beside < 512);
        Ok(())
    }
}
