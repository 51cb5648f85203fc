// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's pernet operations, and the Rust function that they call. In C because a pointer to
 * a function must be in memory that becomes read-only when the module's init has returned.
 */
#include <linux/cache.h>
#include <net/net_namespace.h>

static void (*khttpd_pernet_exit)(void *context, struct net *net) __ro_after_init;
static void *khttpd_pernet_context __ro_after_init;

static void khttpd_pernet_pre_exit(struct net *net)
{
	khttpd_pernet_exit(khttpd_pernet_context, net);
}

/* The first step of a namespace's exit: its devices still send the last bytes of connections. */
static struct pernet_operations khttpd_pernet_ops = {
	.pre_exit = khttpd_pernet_pre_exit,
};

int khttpd_pernet_register(void (*exit)(void *context, struct net *net), void *context)
{
	int error;

	if (khttpd_pernet_exit)
		return -EBUSY;
	khttpd_pernet_exit = exit;
	khttpd_pernet_context = context;
	error = register_pernet_device(&khttpd_pernet_ops);
	if (error)
		khttpd_pernet_exit = NULL;
	return error;
}

void khttpd_pernet_unregister(void)
{
	unregister_pernet_device(&khttpd_pernet_ops);
}
