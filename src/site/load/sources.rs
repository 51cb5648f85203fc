// SPDX-License-Identifier: GPL-2.0-only

//! The sources of a site: roots and rules.

use super::{
    path_display::PathDisplay,
    policy::Limits,
    root::Root,
    rule_text::RuleText, //
};
use kernel::{
    fmt,
    prelude::*, //
};
use protocol::{
    control::rule::{
        FilePattern,
        Rule, //
    },
    http::OriginPattern, //
};

/// The sources of a site: roots, for some origins each, and rules for all roots.
///
/// They are displayed as the commands that set them.
pub(crate) struct Sources {
    limits: Limits,
    roots: KVVec<Root>,
    rules: RuleText,
}

/// The greatest number of roots of a site.
const ROOTS_MAX: usize = 1024;

impl Sources {
    /// Creates sources without roots and rules; `limits` hold unless a rule sets others.
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            roots: KVVec::new(),
            rules: RuleText::new(),
        }
    }

    /// Returns a copy.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let mut roots = KVVec::with_capacity(self.roots.len(), GFP_KERNEL_ACCOUNT)?;
        for root in &self.roots {
            roots.push(root.try_clone()?, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self {
            limits: self.limits,
            roots,
            rules: self.rules.try_clone()?,
        })
    }

    /// Sets the root for the origins of a pattern. `directory` is an absolute path, or `built-in`.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `EINVAL` for another `directory`;
    /// - `ENOSPC` for more than 1024 roots;
    /// - `ENOMEM`.
    pub(crate) fn set_root(&mut self, directory: &[u8], origins: OriginPattern<'_>) -> Result {
        let root = Root::new(directory, origins)?;
        let mut known = self.roots.iter_mut();
        if let Some(known) = known.find(|known| known.has_origins_of(&root)) {
            *known = root;
            return Ok(());
        }
        if self.roots.len() >= ROOTS_MAX {
            return Err(ENOSPC);
        }
        Ok(self.roots.push(root, GFP_KERNEL_ACCOUNT)?)
    }

    /// Removes all roots and rules.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Adds a rule after all others. An equal rule is removed, and so is the earlier value of a
    /// setting, of which only the last value counts.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// - `ENOSPC` for more than 64 KiB of rules;
    /// - `ENOMEM`.
    pub(crate) fn add_rule(&mut self, rule: &Rule<'_>) -> Result {
        self.rules.add(rule)
    }

    /// Removes the rules that hand over exactly these files.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there are none, `ENOMEM`.
    pub(crate) fn remove_hand_over(&mut self, files: &FilePattern<'_>) -> Result {
        self.rules.remove_hand_over(files)
    }

    /// Returns whether both lead to the same site. Whether it is watched does not matter.
    pub(crate) fn is_same_site(&self, other: &Self) -> bool {
        let mut roots = self.roots.iter().zip(&other.roots);
        self.roots.len() == other.roots.len()
            && self.site_rules().eq(other.site_rules())
            && roots.all(|(this, that)| this.is_same(that))
    }

    /// Returns the lines of the rules that do more than watching.
    fn site_rules(&self) -> impl Iterator<Item = &[u8]> {
        let rules = self.rules.as_bytes().split(|byte| *byte == b'\n');
        rules.filter(|rule| !rule.starts_with(b"watch "))
    }

    /// Returns whether the site is loaded again when its files change.
    pub(crate) fn is_watched(&self) -> bool {
        let mut rules = self.rules.as_bytes().split(|byte| *byte == b'\n');
        rules.any(|rule| rule == b"watch yes")
    }

    /// Returns the limits that hold unless a rule sets others.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the roots.
    pub(super) fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Returns the rules for all roots.
    pub(super) fn rules(&self) -> &RuleText {
        &self.rules
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for root in &self.roots {
            write!(f, "root {}", PathDisplay(root.name()))?;
            match root.origins() {
                OriginPattern::ANY => writeln!(f)?,
                origins => writeln!(f, " for {origins}")?,
            }
        }
        // Rules are rendered text, all of it UTF-8.
        self.rules
            .as_bytes()
            .utf8_chunks()
            .try_for_each(|chunk| f.write_str(chunk.valid()))
    }
}

#[kunit_tests(khttpd_sources)]
mod tests {
    use super::*;
    use crate::sys::text;
    use protocol::{
        control::line::Lines,
        http::{
            HostPattern,
            Scheme, //
        }, //
    };

    fn set_root(sources: &mut Sources, directory: &[u8], origins: &[u8]) -> Result {
        sources.set_root(
            directory,
            OriginPattern::parse(origins).map_err(|_| EINVAL)?,
        )
    }

    fn add_rules(sources: &mut Sources, rules: &[u8]) -> Result {
        for line in Lines::new(rules) {
            let rule = Rule::parse(line).map_err(|_| EINVAL)?.ok_or(EINVAL)?;
            sources.add_rule(&rule)?;
        }
        Ok(())
    }

    fn assert_shown(sources: &Sources, commands: &[u8]) -> Result {
        assert!(text::render(fmt!("{sources}"))?[..] == *commands);
        Ok(())
    }

    #[test]
    fn root_replaces_root_of_same_origins() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        for (directory, origins) in [
            (&b"/a"[..], &b"*"[..]),
            (b"/b", b"a.example"),
            (b"/c", b"*.a.example"),
            (b"/d", b"http://*"),
            (b"/e", b"https://a.example"),
            (b"built-in", b"A.example."),
            (b"/f", b"HTTP://*"),
        ] {
            set_root(&mut sources, directory, origins)?;
        }
        assert_shown(
            &sources,
            b"root /a\nroot built-in for A.example.\nroot /c for *.a.example\n\
            root /f for http://*\nroot /e for https://a.example\n",
        )?;
        assert!(sources.is_same_site(&sources.try_clone()?));
        let [any, name, below, plain, secure] = sources.roots() else {
            return Err(EINVAL);
        };
        assert!(any.origins() == OriginPattern::ANY);
        assert!(name.origins().host == HostPattern::Exact("A.example."));
        assert!(below.origins().host == HostPattern::Below("a.example"));
        assert!(plain.origins().scheme == Some(Scheme::Http));
        assert!(secure.origins().scheme == Some(Scheme::Https));
        assert!(set_root(&mut sources, b"relative", b"*") == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn root_of_another_scheme_is_another_site() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        set_root(&mut sources, b"/a", b"http://*")?;
        for origins in [&b"*"[..], b"https://*", b"http://a"] {
            let mut other = Sources::new(Limits::MAX);
            set_root(&mut other, b"/a", origins)?;
            assert!(!sources.is_same_site(&other));
        }
        Ok(())
    }

    #[test]
    fn equal_rule_moves_to_the_end_and_setting_replaces_its_value() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        add_rules(
            &mut sources,
            b"field * X-A: 1\nmax-entries 1\ntrailing-slash serve\nfield * X-A: 2\n\
            max-entries 2\nfield * X-A: 1\ntrailing-slash refuse\n",
        )?;
        let rules = b"field * X-A: 2\nmax-entries 2\nfield * X-A: 1\ntrailing-slash refuse\n";
        assert_shown(&sources, rules)?;
        assert_eq!(sources.rules().parse().map_err(|e| e.errno())?.len(), 4);
        sources.clear();
        assert_shown(&sources, b"")
    }

    #[test]
    fn watch_makes_no_other_site() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        add_rules(&mut sources, b"watch yes\nautoindex yes\n")?;
        let mut other = sources.try_clone()?;
        add_rules(&mut other, b"watch no\n")?;
        assert!(sources.is_watched() && !other.is_watched());
        assert!(sources.is_same_site(&other));
        add_rules(&mut other, b"autoindex no\n")?;
        assert!(!sources.is_same_site(&other));
        Ok(())
    }

    #[test]
    fn hand_over_is_removed_by_its_files_alone() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        add_rules(
            &mut sources,
            b"hand-over /a/* 1\nhand-over * 2\nhand-over /a/* [::1]:3 always\nhand-over /a/b 4\n",
        )?;
        let rule = Lines::new(b"hand-over /a/* 9").next().map(Rule::parse);
        let Some(Ok(Some(Rule::HandOver { files, .. }))) = rule else {
            return Err(EINVAL);
        };
        sources.remove_hand_over(&files)?;
        assert_shown(&sources, b"hand-over * 2\nhand-over /a/b 4\n")?;
        assert!(sources.remove_hand_over(&files) == Err(ENOENT));
        sources.clear();
        assert_shown(&sources, b"")
    }

    #[test]
    fn length_of_rules_is_limited() -> Result {
        let mut sources = Sources::new(Limits::MAX);
        let mut added = Ok(());
        for number in 0..10_000 {
            let rule = text::render(fmt!("cache-control /{number:010} max-age=1\n"))?;
            added = add_rules(&mut sources, &rule);
            if added.is_err() {
                break;
            }
        }
        assert!(added == Err(ENOSPC));
        Ok(())
    }
}
