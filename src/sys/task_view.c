// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the paths of a task lead, without a reference that would keep file systems mounted.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/version.h>

/* Before Linux 7.3 no task exchanges its own for a short time. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define real_fs fs
#endif

struct fsnotify_mark;
bool khttpd_mark_is_attached(struct fsnotify_mark *mark);

/* struct RawView in ffi/watch.rs. The pointers are compared, and never followed. */
struct khttpd_view {
	const void *mounts;
	const void *mount;
	const void *dentry;
	u64 inode;
	u32 device;
};

static struct khttpd_view khttpd_view_from(const struct mnt_namespace *mounts,
					   const struct path *root)
{
	const struct inode *inode = d_inode(root->dentry);

	return (struct khttpd_view) {
		.mounts = mounts,
		.mount = root->mnt,
		.dentry = root->dentry,
		.inode = inode->i_ino,
		.device = inode->i_sb->s_dev,
	};
}

static bool khttpd_view_equal(const struct khttpd_view *a, const struct khttpd_view *b)
{
	return a->mounts == b->mounts && a->mount == b->mount && a->dentry == b->dentry &&
	       a->inode == b->inode && a->device == b->device;
}

void khttpd_view_of_current(struct khttpd_view *view)
{
	struct path root;

	get_fs_root(current->fs, &root);
	*view = khttpd_view_from(current->nsproxy->mnt_ns, &root);
	path_put(&root);
}

/* With task_lock() held. Takes references for the caller if the task has the view. */
static bool khttpd_root_of_task(struct task_struct *task, const struct khttpd_view *view,
				struct fsnotify_mark *mark, struct path *root)
{
	/* Not task->fs, which a task may have exchanged for a short time. */
	struct fs_struct *fs = task->real_fs;
	struct khttpd_view found;
	bool equal;

	/* The mark of the namespace is on it, so that the pointer has not been used anew. */
	if (!fs || !task->nsproxy || task->nsproxy->mnt_ns != view->mounts ||
	    !khttpd_mark_is_attached(mark))
		return false;
	read_seqlock_excl(&fs->seq);
	found = khttpd_view_from(task->nsproxy->mnt_ns, &fs->root);
	equal = khttpd_view_equal(&found, view);
	if (equal) {
		*root = fs->root;
		path_get(root);
	}
	read_sequnlock_excl(&fs->seq);
	return equal;
}

bool khttpd_view_find_root(const struct khttpd_view *view, struct fsnotify_mark *mark,
			   struct path *root)
{
	struct task_struct *process, *task;
	bool found;

	rcu_read_lock();
	/* The first thread of a process may have ended before the others. */
	for_each_process_thread(process, task) {
		if (task->flags & PF_KTHREAD)
			continue;
		task_lock(task);
		found = khttpd_root_of_task(task, view, mark, root);
		task_unlock(task);
		if (found) {
			rcu_read_unlock();
			return true;
		}
	}
	rcu_read_unlock();
	return false;
}

const struct cred *khttpd_override_creds(const struct cred *cred)
{
	return override_creds(cred);
}

void khttpd_revert_creds(const struct cred *cred)
{
	revert_creds(cred);
}
