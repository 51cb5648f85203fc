// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading trees of files with the rights of the calling task; the Rust side is src/sys/file.rs.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/file.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/timekeeping.h>

#include "fs.h"

int khttpd_path_open(const char *name, struct path *path)
{
	return kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, path);
}

int khttpd_path_look_up(const struct path *root, const char *name, bool follow, struct path *found)
{
	/*
	 * vfs_path_lookup() makes root the root of the look-up, so that neither a link nor .. leads out. With LOOKUP_IN_ROOT it does
	 * not do so even while directories are renamed; who meets a rename tries again. A link at the end is found as itself if it
	 * is not to be followed; one further up can only have come there since its directory was read.
	 */
	unsigned int links = follow ? LOOKUP_FOLLOW | LOOKUP_NO_MAGICLINKS : LOOKUP_NO_SYMLINKS;
	int attempts = 10;
	int error;

	do {
		error = vfs_path_lookup(root->dentry, root->mnt, name, links | LOOKUP_IN_ROOT, found);
	} while (error == -EAGAIN && --attempts);
	return error;
}

bool khttpd_path_up(const struct path *root, struct path *path, khttpd_name_t name, void *context)
{
	struct name_snapshot snapshot;
	struct dentry *parent;

	while (!path_equal(path, root) && path->dentry == path->mnt->mnt_root && follow_up(path))
		;
	if (path_equal(path, root) || IS_ROOT(path->dentry))
		return false;
	take_dentry_name_snapshot(&snapshot, path->dentry);
	name(context, snapshot.name.name, snapshot.name.len);
	release_dentry_name_snapshot(&snapshot);
	parent = dget_parent(path->dentry);
	dput(path->dentry);
	path->dentry = parent;
	return !path_equal(path, root);
}

int khttpd_path_facts(const struct path *path, struct khttpd_facts *facts)
{
	struct kstat stat;
	int error;

	error = vfs_getattr(path, &stat, STATX_BASIC_STATS | STATX_CHANGE_COOKIE,
			    AT_STATX_SYNC_AS_STAT);
	if (error)
		return error;
	*facts = (struct khttpd_facts) {
		.size = stat.size,
		.inode = stat.ino,
		.modified = stat.mtime.tv_sec,
		.modified_ns = stat.mtime.tv_nsec,
		.changed = stat.ctime.tv_sec,
		.changed_ns = stat.ctime.tv_nsec,
		.cookie = stat.result_mask & STATX_CHANGE_COOKIE ? stat.change_cookie : 0,
		.device = stat.dev,
		.mode = stat.mode,
		.mapped = mapping_writably_mapped(d_real_inode(path->dentry)->i_mapping),
	};
	return 0;
}

/* Whether a later change can bear the same time as this one: clocks of old count ticks. */
static bool khttpd_same_tick(const struct path *path, const struct khttpd_facts *facts)
{
	struct timespec64 changed = { .tv_sec = facts->changed, .tv_nsec = facts->changed_ns };
	struct timespec64 now;
	s64 age;

	if (is_mgtime(d_real_inode(path->dentry)))
		return false;
	ktime_get_real_ts64(&now);
	age = timespec64_to_ns(&now) - timespec64_to_ns(&changed);
	return age >= 0 && age < 2 * TICK_NSEC;
}

int khttpd_path_settle(const struct path *path, const struct khttpd_facts *facts)
{
	struct inode *inode = d_inode(path->dentry);
	int error;

	if (khttpd_same_tick(path, facts))
		schedule_timeout_interruptible(2);
	/*
	 * A write has its time when it begins, and holds this lock until it ends; one past the page cache shares it, or gives it
	 * back before.
	 */
	error = down_write_killable(&inode->i_rwsem);
	if (error)
		return error;
	inode_dio_wait(d_real_inode(path->dentry));
	up_write(&inode->i_rwsem);
	return 0;
}

struct file *khttpd_file_open(const struct path *path)
{
	int error;

	/* To open a device or a FIFO may do something to it. */
	if (!d_is_reg(path->dentry) && !d_is_dir(path->dentry))
		return ERR_PTR(-EINVAL);
	/* dentry_open() leaves this to its caller. */
	error = inode_permission(mnt_idmap(path->mnt), d_inode(path->dentry), MAY_READ | MAY_OPEN);
	if (error)
		return ERR_PTR(error);
	/* O_NONBLOCK, so that nobody's lease is waited for. */
	return dentry_open(path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, current_cred());
}

void khttpd_file_close(struct file *file)
{
	/* Not put off until the task returns to user space: it may read a million files before. */
	__fput_sync(file);
}

ssize_t khttpd_file_read(struct file *file, void *bytes, size_t len, u64 at)
{
	loff_t pos = at;

	return kernel_read(file, bytes, len, &pos);
}

struct khttpd_names {
	struct dir_context dir;
	khttpd_name_t name;
	void *context;
	bool any;
	bool stopped;
};

static bool khttpd_names_actor(struct dir_context *dir, const char *name, int len, loff_t pos,
			       u64 inode, unsigned int type)
{
	struct khttpd_names *names = container_of(dir, struct khttpd_names, dir);

	names->any = true;
	names->stopped = !names->name(names->context, name, len);
	return !names->stopped;
}

int khttpd_file_names(struct file *file, khttpd_name_t name, void *context)
{
	struct khttpd_names names = {
		.dir.actor = khttpd_names_actor,
		.dir.count = INT_MAX,
		.name = name,
		.context = context,
	};
	int error;

	/* One call need not give all. */
	do {
		names.any = false;
		error = iterate_dir(file, &names.dir);
	} while (!error && names.any && !names.stopped);
	return error;
}
