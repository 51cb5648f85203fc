// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files: opening them with the rights of the calling task, and reading directories.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/path.h>

struct file *khttpd_file_open(const struct path *path)
{
	int error;

	/* Opening a device or a FIFO may have an effect on it. */
	if (!d_is_reg(path->dentry) && !d_is_dir(path->dentry))
		return ERR_PTR(-EINVAL);
	/* dentry_open() leaves this check to its caller. */
	error = inode_permission(mnt_idmap(path->mnt), d_inode(path->dentry), MAY_READ | MAY_OPEN);
	if (error)
		return ERR_PTR(error);
	/* With O_NONBLOCK it does not wait for the holder of a lease. */
	return dentry_open(path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, current_cred());
}

struct khttpd_names {
	struct dir_context dir;
	bool (*visit)(void *context, const char *name, size_t len);
	void *context;
	bool any;
	bool stopped;
};

static bool khttpd_names_actor(struct dir_context *dir, const char *name, int len, loff_t pos,
			       u64 inode, unsigned int type)
{
	struct khttpd_names *names = container_of(dir, struct khttpd_names, dir);

	names->any = true;
	names->stopped = !names->visit(names->context, name, len);
	return !names->stopped;
}

int khttpd_file_names(struct file *file,
		      bool (*visit)(void *context, const char *name, size_t len), void *context)
{
	struct khttpd_names names = {
		.dir.actor = khttpd_names_actor,
		.dir.count = INT_MAX,
		.visit = visit,
		.context = context,
	};
	int error;

	/* One call may return only some of the entries. */
	do {
		names.any = false;
		error = iterate_dir(file, &names.dir);
	} while (!error && names.any && !names.stopped);
	return error;
}
