// SPDX-License-Identifier: GPL-2.0-only

#include <linux/capability.h>
#include <linux/ns_common.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

bool khttpd_net_is_entered(struct net *net)
{
	return ns_ref_active_read(net);
}

u64 khttpd_net_cookie(const struct net *net)
{
	return net->net_cookie;
}

bool khttpd_net_is_owned_by_host(const struct net *net)
{
	return net->user_ns == &init_user_ns;
}

bool khttpd_net_is_permitted(const struct net *net, const struct file *file, int capability)
{
	return file_ns_capable(file, net->user_ns, capability) &&
	       ns_capable(net->user_ns, capability);
}
