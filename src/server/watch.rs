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
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc,
        Mutex, //
    }, //
};

/// The interrupts by commands after which a load is not interrupted any more, so that commands can't
/// keep changes from being loaded.
const INTERRUPTS_MAX: u32 = 2;

/// The reason why a site was not loaded again.
pub(super) enum ReloadError {
    /// The site can't be loaded.
    Failed(LoadError),
    /// The server has no such watch: the thread is about to be ended.
    NotWatched,
}

impl<T: Into<LoadError>> From<T> for ReloadError {
    fn from(error: T) -> Self {
        Self::Failed(error.into())
    }
}

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
    /// The reason why the site was not loaded; the old one stays.
    fn reload(&self, watcher: &Watcher) -> Result<(), ReloadError>;

    /// Counts a reload, and reports its error.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    fn finish_reload(&self, reloaded: Result<(), &LoadError>);
}

/// A watch of the files of a site that was just loaded, and that is not served yet.
pub(super) struct NewWatch {
    view: TaskView,
    changes: Arc<Changes>,
    /// Marks on the directories that the site was loaded from.
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
            interrupts: Atomic::new(0),
        };
        Ok(SiteWatch(Thread::start(c"khttpd_watch", watcher)?))
    }
}

/// A thread that reloads the site of a server when its files change, until this is dropped.
pub(crate) struct SiteWatch(Thread<Watcher>);

impl SiteWatch {
    /// Interrupts a reload, so that a command need not wait for it. It begins anew later, unless that
    /// has happened too often: then the command waits.
    ///
    /// # Context
    ///
    /// Process context, may sleep.
    pub(super) fn interrupt(&self) {
        if self.0.body().interrupts.load(Relaxed) < INTERRUPTS_MAX {
            self.0.interrupt();
        }
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

/// The marks of a watch.
struct Trees {
    /// Those of the site that is served.
    served: TreeWatch,
    /// Those of the last load, if it has failed: the cause may be mended there.
    failed: Option<TreeWatch>,
}

/// The body of the thread.
pub(crate) struct Watcher {
    server: Arc<dyn WatchedServer>,
    /// View of the task that has loaded the site by a command.
    view: TaskView,
    changes: Arc<Changes>,
    trees: Pin<KBox<Mutex<Trees>>>,
    /// The number of interrupts that have postponed the load of the present changes.
    interrupts: Atomic<u32>,
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

    /// Loads the site again; returns whether a failure may pass without a change. What changes
    /// meanwhile, or when this is interrupted, is left.
    fn reload(&self, control: &ThreadControl) -> bool {
        self.changes.take();
        self.view.assume(|| {
            let reloaded = self.server.reload(self);
            if reloaded.is_err() && control.is_interrupted() {
                self.changes.record();
                return false;
            }
            self.interrupts.store(0, Relaxed);
            match reloaded {
                Ok(()) => self.server.finish_reload(Ok(())),
                Err(ReloadError::NotWatched) => (),
                Err(ReloadError::Failed(error)) => {
                    self.server.finish_reload(Err(&error));
                    return error.is_transient();
                }
            }
            false
        })
    }
}

impl ThreadBody for Watcher {
    fn run(&self, control: &ThreadControl) {
        let now = clock::uptime_milliseconds;
        let mut pace = ReloadPace::new(now());
        loop {
            let is_interrupted = control.take_interrupt();
            if control.is_ended() {
                return;
            }
            if is_interrupted {
                if pace.next(self.changes.times(), now()) != NextLoad::AfterChange {
                    self.interrupts.fetch_add(1, Relaxed);
                }
                pace.interrupt(now());
            }
            match pace.next(self.changes.times(), now()) {
                NextLoad::AfterChange => self.changes.wait(),
                NextLoad::In(milliseconds) => self.changes.sleep(milliseconds),
                NextLoad::Now => {
                    let begin = now();
                    let is_transient = self.reload(control);
                    pace.finish(begin, now(), is_transient);
                }
            }
        }
    }
}
