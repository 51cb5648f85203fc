// SPDX-License-Identifier: GPL-2.0-only

//! Reloads the site of a server when its files change.
//!
//! A thread does that, not a work item: a signal ends it, so that neither the end of a namespace nor
//! a command waits for a load. No signal ends each wait for a FUSE daemon or a file server, so that
//! only local file systems are watched.

mod pace;

use self::pace::{
    NextLoad,
    ReloadPace, //
};
use crate::{
    site::load::{
        LoadError,
        TreeWatch, //
    },
    sys::{
        clock,
        fsnotify::Changes,
        task_view::TaskView,
        thread::{
            Thread,
            ThreadBody,
            ThreadControl, //
        }, //
    }, //
};
use core::{
    mem,
    ptr, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// A server whose files are watched.
pub(super) trait WatchedServer: Send + Sync {
    /// Loads the site again and serves it, for `watcher`, which is told what was loaded.
    ///
    /// # Context
    ///
    /// Process context, may sleep. A signal interrupts it.
    ///
    /// # Errors
    ///
    /// The reason why the site cannot be loaded; the old one stays.
    fn reload(&self, watcher: &Watcher) -> Result<(), LoadError>;

    /// Counts a reload, and reports its error.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn finish_reload(&self, reloaded: Result<(), LoadError>);
}

/// A watch of the files of a site that was just loaded, and that is not served yet.
pub(super) struct NewWatch {
    view: TaskView,
    changes: Arc<Changes>,
    /// What the site was loaded from.
    pub(super) tree: TreeWatch,
}

impl NewWatch {
    /// Creates a watch of nothing, for the task that loads a site.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        let changes = Changes::new()?;
        Ok(Self {
            view: TaskView::current(changes.clone())?,
            tree: TreeWatch::new(changes.clone())?,
            changes,
        })
    }

    /// Starts the thread that reloads the site of `server`, once this watch is part of its
    /// configuration.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR` for a fatal signal.
    pub(super) fn start(self, server: Arc<dyn WatchedServer>) -> Result<SiteWatch> {
        let trees = KBox::pin_init(
            new_mutex!(Trees {
                served: self.tree,
                failed: None,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let watcher = Watcher {
            server,
            view: self.view,
            changes: self.changes,
            trees,
        };
        Ok(SiteWatch(Thread::start(c"khttpd_watch", watcher)?))
    }
}

/// A thread that reloads the site of a server when its files change, until this is dropped.
pub(crate) struct SiteWatch(Thread<Watcher>);

impl SiteWatch {
    /// Interrupts a reload, so that a command need not wait for it. It begins anew later.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Returns whether the thread is that of `watcher`.
    pub(super) fn is_by(&self, watcher: &Watcher) -> bool {
        ptr::eq(self.0.body(), watcher)
    }

    /// Returns the number of directories that are watched.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn directories(&self) -> usize {
        self.0.body().trees.lock().served.len()
    }
}

/// What is watched.
struct Trees {
    /// What the site that is served was loaded from.
    served: TreeWatch,
    /// What the last load has seen, if that has failed: the cause may be mended there.
    failed: Option<TreeWatch>,
}

/// What the thread does.
pub(crate) struct Watcher {
    server: Arc<dyn WatchedServer>,
    /// View of the task that has loaded the site by a command.
    view: TaskView,
    changes: Arc<Changes>,
    trees: Pin<KBox<Mutex<Trees>>>,
}

impl Watcher {
    /// Returns the view of the task that has loaded the site by a command.
    pub(super) fn view(&self) -> &TaskView {
        &self.view
    }

    /// Creates a watch of nothing, for a load.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new_tree(&self) -> Result<TreeWatch> {
        TreeWatch::new(self.changes.clone())
    }

    /// Checks that the roots of `tree` are on the file systems of those that are served.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `EXDEV` if they are not: one may be unmounted.
    pub(super) fn check_devices(&self, tree: &TreeWatch) -> Result<(), LoadError> {
        if self.trees.lock().served.has_devices_of(tree) {
            return Ok(());
        }
        Err(LoadError::other_file_system())
    }

    /// Watches what the site that is served now was loaded from.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn set_served(&self, tree: TreeWatch) {
        let trees = Trees {
            served: tree,
            failed: None,
        };
        let former = mem::replace(&mut *self.trees.lock(), trees);
        drop(former);
    }

    /// Watches what a load has seen that has failed, too.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn set_failed(&self, tree: TreeWatch) {
        let former = mem::replace(&mut self.trees.lock().failed, Some(tree));
        drop(former);
    }

    /// Loads the site again. What changes meanwhile, or when this is interrupted, is left.
    fn reload(&self) {
        self.changes.take();
        self.view.assume(|| match self.server.reload(self) {
            Err(e) if matches!(e.errno(), EINTR | ERESTARTSYS) => self.changes.record(),
            reloaded => self.server.finish_reload(reloaded),
        });
    }
}

impl ThreadBody for Watcher {
    fn run(&self, control: &ThreadControl) {
        let now = clock::uptime_milliseconds;
        let mut pace = ReloadPace::new(now());
        loop {
            if control.take_interrupt() {
                pace.interrupt(now());
            }
            if control.is_ended() {
                return;
            }
            match pace.next(self.changes.times(), now()) {
                NextLoad::AfterChange => self.changes.wait(),
                NextLoad::In(milliseconds) => self.changes.sleep(milliseconds),
                NextLoad::Now => {
                    let begin = now();
                    self.reload();
                    pace.finish(begin, now());
                }
            }
        }
    }
}
