// SPDX-License-Identifier: GPL-2.0-only

#include <linux/net.h>

__poll_t khttpd_sock_poll(struct socket *sock, struct file *file, struct poll_table_struct *table)
{
	return READ_ONCE(sock->ops)->poll(file, sock, table);
}
