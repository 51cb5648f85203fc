// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spinlock of a socket, taken only while no process owns the socket.
 */
#include <net/sock.h>

bool khttpd_sk_try_lock(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (likely(!sock_owned_by_user(sk)))
		return true;
	spin_unlock_bh(&sk->sk_lock.slock);
	return false;
}
