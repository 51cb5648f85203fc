// SPDX-License-Identifier: GPL-2.0-only

#include <linux/nsproxy.h>
#include <linux/sched.h>

struct net *khttpd_current_net(void)
{
	return current->nsproxy->net_ns;
}
