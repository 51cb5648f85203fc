// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rights of tasks, and whether they are equal.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/sched.h>

const struct cred *khttpd_current_cred(void)
{
	return current_cred();
}

void khttpd_current_root(struct path *root)
{
	get_fs_root(current->fs, root);
}

/* What the kernel looks at when a task opens a file, or needs a capability in a namespace. */
bool khttpd_cred_equal(const struct cred *a, const struct cred *b)
{
	return !cred_fscmp(a, b) && uid_eq(a->euid, b->euid) && a->user_ns == b->user_ns &&
	       a->cap_effective.val == b->cap_effective.val;
}

bool khttpd_opener_may_read_files(const struct file *file)
{
	return khttpd_cred_equal(file->f_cred, current_cred()) ||
	       file_ns_capable(file, current_user_ns(), CAP_DAC_READ_SEARCH);
}
