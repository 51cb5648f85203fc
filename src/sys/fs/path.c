// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths: looking them up below a root, walking back up to it, and waiting for writes to end.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/gfs2_ondisk.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

/* struct RawStat in ffi.rs. */
struct khttpd_stat {
	u64 size;
	u64 inode;
	s64 modified;
	s64 changed;
	u64 cookie;
	u32 modified_ns;
	u32 changed_ns;
	u32 device;
	u16 mode;
	/* A process has it mapped for writing: writes do not show in the times. */
	bool mapped;
	/* Each later write shows in the attributes, also one through a mapping. */
	bool traced;
};

int khttpd_path_look_up(const struct path *root, const char *name, bool follow, bool same_mount,
			struct path *found)
{
	/*
	 * vfs_path_lookup() makes root the root of the look-up, so that neither a link nor .. leads
	 * out. With LOOKUP_IN_ROOT that holds while directories are renamed, too; a look-up that
	 * meets a rename is repeated. Without follow, a link at the end is found as itself. A link
	 * further up can only have appeared since its directory was read.
	 */
	unsigned int links = follow ? LOOKUP_FOLLOW | LOOKUP_NO_MAGICLINKS : LOOKUP_NO_SYMLINKS;
	unsigned int mounts = same_mount ? LOOKUP_NO_XDEV : 0;
	int attempts = 10;
	int error;

	do {
		error = vfs_path_lookup(root->dentry, root->mnt, name,
					links | mounts | LOOKUP_IN_ROOT, found);
	} while (error == -EAGAIN && --attempts);
	return error;
}

/*
 * Tells whether no signal-proof wait depends on another process or host: FUSE waits for its daemon,
 * network and cluster filesystems for their peers. The layers of an overlay do not show, so that it
 * must be one of the administrator's.
 */
bool khttpd_path_is_local(const struct path *path)
{
	const struct super_block *sb = path->dentry->d_sb;

	switch (sb->s_magic) {
	case RAMFS_MAGIC:
	case TMPFS_MAGIC:
		return true;
	case FUSE_SUPER_MAGIC:
	case GFS2_MAGIC:
	case OCFS2_SUPER_MAGIC:
		return false;
	case OVERLAYFS_SUPER_MAGIC:
		return sb->s_user_ns == &init_user_ns;
	default:
		return sb->s_type->fs_flags & FS_REQUIRES_DEV && sb->s_user_ns == &init_user_ns;
	}
}

bool khttpd_path_up(const struct path *root, struct path *path,
		    bool (*visit)(void *context, const char *name, size_t len), void *context)
{
	struct name_snapshot snapshot;
	struct dentry *parent;

	while (!path_equal(path, root) && path->dentry == path->mnt->mnt_root && follow_up(path))
		;
	if (path_equal(path, root) || IS_ROOT(path->dentry))
		return false;
	take_dentry_name_snapshot(&snapshot, path->dentry);
	visit(context, snapshot.name.name, snapshot.name.len);
	release_dentry_name_snapshot(&snapshot);
	parent = dget_parent(path->dentry);
	dput(path->dentry);
	path->dentry = parent;
	return !path_equal(path, root);
}

/*
 * Tells whether each later write to the file shows in its attributes. On a block device, a write
 * through a mapping begins with a fault that sets the times, and after a look at multigrain times
 * each change gets another one. Filesystems in memory see no fault if the page was read before,
 * those of a network or of user space may cache attributes, and others count time in steps of up
 * to two seconds.
 */
static bool khttpd_traces_writes(const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;

	return sb->s_bdev && (is_mgtime(inode) || sb_rdonly(sb));
}

int khttpd_path_stat(const struct path *path, struct khttpd_stat *stat)
{
	const struct inode *inode = d_real_inode(path->dentry);
	struct kstat kstat;
	int error;

	/* A network filesystem asks its server. */
	error = vfs_getattr(path, &kstat, STATX_BASIC_STATS | STATX_CHANGE_COOKIE,
			    AT_STATX_FORCE_SYNC);
	if (error)
		return error;
	*stat = (struct khttpd_stat) {
		.size = kstat.size,
		.inode = kstat.ino,
		.modified = kstat.mtime.tv_sec,
		.modified_ns = kstat.mtime.tv_nsec,
		.changed = kstat.ctime.tv_sec,
		.changed_ns = kstat.ctime.tv_nsec,
		.cookie = kstat.result_mask & STATX_CHANGE_COOKIE ? kstat.change_cookie : 0,
		.device = kstat.dev,
		.mode = kstat.mode,
		.mapped = mapping_writably_mapped(inode->i_mapping),
		.traced = khttpd_traces_writes(inode),
	};
	return 0;
}

/* Tells whether a later change can get the same time as stat: coarse clocks count ticks. */
static bool khttpd_is_same_tick(const struct path *path, const struct khttpd_stat *stat)
{
	struct timespec64 changed = { .tv_sec = stat->changed, .tv_nsec = stat->changed_ns };
	struct timespec64 now;
	s64 age;

	if (is_mgtime(d_real_inode(path->dentry)))
		return false;
	ktime_get_real_ts64(&now);
	age = timespec64_to_ns(&now) - timespec64_to_ns(&changed);
	return age >= 0 && age < 2 * TICK_NSEC;
}

int khttpd_path_settle(const struct path *path, const struct khttpd_stat *stat)
{
	struct inode *inode = d_inode(path->dentry);
	int error;

	if (khttpd_is_same_tick(path, stat))
		schedule_timeout_interruptible(2);
	/*
	 * A write takes its time when it begins, and holds this lock until it ends; a direct write
	 * shares it, or releases it earlier.
	 */
	error = down_write_killable(&inode->i_rwsem);
	if (error)
		return error;
	inode_dio_wait(d_real_inode(path->dentry));
	up_write(&inode->i_rwsem);
	return 0;
}
