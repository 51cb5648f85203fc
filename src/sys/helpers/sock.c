// SPDX-License-Identifier: GPL-2.0-only

#include <net/ipv6.h>
#include <net/sock.h>

bool khttpd_sk_listens(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN;
}

bool khttpd_sk_received_fin(const struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN;
}

bool khttpd_sk_is_dead(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

bool khttpd_sk_has_unread(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_receive_queue);
}

bool khttpd_sk_is_owned(const struct sock *sk)
{
	return sock_owned_by_user_nocheck(sk);
}

void khttpd_sk_unlock(struct sock *sk)
{
	spin_unlock_bh(&sk->sk_lock.slock);
}

/* sock_no_linger() for a caller that holds the lock. */
void khttpd_sk_reset_on_close(struct sock *sk)
{
	WRITE_ONCE(sk->sk_lingertime, 0);
	sock_set_flag(sk, SOCK_LINGER);
}

/* The peer's port, and its address; that of an IPv4 peer as one of IPv6. */
u16 khttpd_sk_peer(const struct sock *sk, struct in6_addr *address)
{
	if (sk->sk_family == AF_INET)
		ipv6_addr_set_v4mapped(sk->sk_daddr, address);
#if IS_ENABLED(CONFIG_IPV6)
	else
		*address = sk->sk_v6_daddr;
#endif
	return ntohs(sk->sk_dport);
}
