// SPDX-License-Identifier: GPL-2.0-only

#include <linux/namei.h>
#include <linux/path.h>

int khttpd_path_directory(const struct path *root, const char *name, struct path *path)
{
	return vfs_path_lookup(root->dentry, root->mnt, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
			       path);
}
