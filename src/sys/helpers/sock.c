// SPDX-License-Identifier: GPL-2.0-only

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
