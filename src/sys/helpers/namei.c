// SPDX-License-Identifier: GPL-2.0-only

#include <linux/namei.h>

int khttpd_kern_path_directory(const char *name, struct path *path)
{
	return kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, path);
}
