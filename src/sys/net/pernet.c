// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's pernet operations, and the Rust functions that they call. In C because a pointer to
 * a function must be in memory that becomes read-only when the module's init has returned.
 */
#include <linux/cache.h>
#include <net/net_namespace.h>

static void (*khttpd_pernet_on_pre_exit)(void *context, struct net *net) __ro_after_init;
static void (*khttpd_pernet_on_exit_batch)(void *context) __ro_after_init;
static void *khttpd_pernet_context __ro_after_init;

static void khttpd_pernet_pre_exit(struct net *net)
{
	khttpd_pernet_on_pre_exit(khttpd_pernet_context, net);
}

static void khttpd_pernet_exit_batch(struct list_head *nets)
{
	khttpd_pernet_on_exit_batch(khttpd_pernet_context);
}

/*
 * The first step of a namespace's exit: its devices still send the last bytes of connections. Then
 * the kernel waits for a grace period, once for all namespaces that exit together.
 */
static struct pernet_operations khttpd_pernet_ops = {
	.pre_exit = khttpd_pernet_pre_exit,
	.exit_batch = khttpd_pernet_exit_batch,
};

int khttpd_pernet_register(void (*pre_exit)(void *context, struct net *net),
			   void (*exit_batch)(void *context), void *context)
{
	int error;

	if (khttpd_pernet_on_pre_exit)
		return -EBUSY;
	khttpd_pernet_on_pre_exit = pre_exit;
	khttpd_pernet_on_exit_batch = exit_batch;
	khttpd_pernet_context = context;
	error = register_pernet_device(&khttpd_pernet_ops);
	if (error)
		khttpd_pernet_on_pre_exit = NULL;
	return error;
}

void khttpd_pernet_unregister(void)
{
	unregister_pernet_device(&khttpd_pernet_ops);
}
