// SPDX-License-Identifier: GPL-2.0-only

#include <linux/ns_common.h>
#include <net/net_namespace.h>

bool khttpd_net_is_entered(struct net *net)
{
	return ns_ref_active_read(net);
}
