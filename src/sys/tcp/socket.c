// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options of listening sockets, and the release of all sockets.
 */
#include <linux/net.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "callbacks.h"

void khttpd_sock_prepare(struct sock *sk, bool has_ipv4)
{
	lock_sock(sk);
	sk->sk_reuse = SK_CAN_REUSE;
	/*
	 * An address that replaces another, say the unspecified one on the same port, is bound before
	 * the other is closed. Sockets of one user may share a port; no process has this user.
	 */
	sk->sk_reuseport = 1;
	WRITE_ONCE(sk->sk_uid, INVALID_UID);
	/* Responses are sent with the socket's spinlock held. */
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	/* One socket for IPv4 and IPv6, whatever net.ipv6.bindv6only says. */
	if (has_ipv4)
		sk->sk_ipv6only = 0;
	release_sock(sk);
	tcp_sock_set_nodelay(sk);
}

/* While the address is reserved, no socket with SO_REUSEADDR can be bound to it and listen first. */
void khttpd_sock_reserve(struct sock *sk, bool reserve)
{
	lock_sock(sk);
	sk->sk_reuse = reserve ? SK_NO_REUSE : SK_CAN_REUSE;
	release_sock(sk);
}

void khttpd_sock_expect_requests(struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);
	int seconds = 1, quickack = 0;

	/* A silent client is accepted later: with its request, which is served at once. */
	prot->setsockopt(sk, SOL_TCP, TCP_DEFER_ACCEPT, KERNEL_SOCKPTR(&seconds), sizeof(seconds));
	/* Children inherit this: the response acknowledges the first request. */
	prot->setsockopt(sk, SOL_TCP, TCP_QUICKACK, KERNEL_SOCKPTR(&quickack), sizeof(quickack));
}

/*
 * A socket that closes in the background needs timers, and TCP stops them with the namespace unless
 * the socket holds a reference to it. If the namespace is already exiting, the socket is reset.
 */
void khttpd_prepare_close(struct sock *sk)
{
	struct net *net = maybe_get_net(sock_net(sk));

	if (!net) {
		sock_no_linger(sk);
		return;
	}
	if (!sk->sk_net_refcnt)
		sk_net_refcnt_upgrade(sk);
	put_net(net);
}

void khttpd_sock_release(struct socket *sock)
{
	khttpd_prepare_close(sock->sk);
	sock_release(sock);
}
