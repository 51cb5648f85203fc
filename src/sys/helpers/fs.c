// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fs.h>

struct cdev *khttpd_inode_cdev(const struct inode *inode)
{
	return inode->i_cdev;
}

unsigned int khttpd_iminor(const struct inode *inode)
{
	return iminor(inode);
}

long khttpd_file_count(struct file *file)
{
	return file_count(file);
}
