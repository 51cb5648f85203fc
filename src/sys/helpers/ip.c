// SPDX-License-Identifier: GPL-2.0-only

#include <net/ip.h>

bool khttpd_inet_port_requires_bind_service(struct net *net, unsigned short port)
{
	return inet_port_requires_bind_service(net, port);
}
