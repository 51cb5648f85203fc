// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exchanging the callbacks and the user data of a socket, and finding the user data in a callback.
 */
#include <net/sock.h>

#include "callbacks.h"

/*
 * Returns the user data that khttpd_attach() has set, or null. Under a lock of the socket, which is
 * why this is not rcu_dereference_sk_user_data(). BPF can put a socket into a sockmap before it is
 * accepted or listens; its user data has other flags.
 */
void *khttpd_user_data(const struct sock *sk)
{
	uintptr_t user_data = (uintptr_t)sk->sk_user_data;

	if (unlikely((user_data & ~SK_USER_DATA_PTRMASK) != SK_USER_DATA_NOCOPY))
		return NULL;
	return (void *)(user_data & SK_USER_DATA_PTRMASK);
}

/* Whether the user data is neither ours nor that of BPF. With sk_callback_lock held, or for a hint. */
bool khttpd_has_kernel_user(const struct sock *sk)
{
	uintptr_t user_data = (uintptr_t)READ_ONCE(sk->sk_user_data);

	return user_data && !(user_data & (SK_USER_DATA_BPF | SK_USER_DATA_PSOCK));
}

/* With sk_callback_lock held for writing; a null in spare keeps the socket's own in place. */
#define khttpd_exchange(sk, spare, name)					\
	do {									\
		typeof((spare)->name) socks = (sk)->sk_##name;			\
		if ((spare)->name) {						\
			WRITE_ONCE((sk)->sk_##name, (spare)->name);		\
			(spare)->name = socks;					\
		}								\
	} while (0)

static void khttpd_exchange_callbacks(struct sock *sk, struct khttpd_callbacks *spare)
{
	khttpd_exchange(sk, spare, data_ready);
	khttpd_exchange(sk, spare, write_space);
	khttpd_exchange(sk, spare, state_change);
}

/* With the socket locked in either form, and sk_callback_lock held for writing. */
bool khttpd_attach_locked(struct sock *sk, struct khttpd_callbacks *spare, void *user_data)
{
	if (sk->sk_user_data)
		return false;
	/* NOCOPY: a child of a listener must not inherit the listener's reference. */
	__rcu_assign_sk_user_data_with_flags(sk, user_data, SK_USER_DATA_NOCOPY);
	khttpd_exchange_callbacks(sk, spare);
	return true;
}

bool khttpd_attach(struct sock *sk, struct khttpd_callbacks *spare, void *user_data)
{
	bool attached;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	attached = khttpd_attach_locked(sk, spare, user_data);
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	return attached;
}

/* With the socket owned, and sk_callback_lock held for writing. */
void *khttpd_detach_locked(struct sock *sk, struct khttpd_callbacks *spare)
{
	void *user_data = khttpd_user_data(sk);

	if (user_data) {
		rcu_assign_sk_user_data(sk, NULL);
		khttpd_exchange_callbacks(sk, spare);
	}
	return user_data;
}

void *khttpd_detach(struct sock *sk, struct khttpd_callbacks *spare)
{
	void *user_data;

	/* With the socket's lock, so that no callback still runs in softirq afterwards. */
	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	user_data = khttpd_detach_locked(sk, spare);
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
	return user_data;
}

void khttpd_forget_inherited(struct sock *child, struct sock *listener,
			     const struct khttpd_callbacks *spare)
{
	void (*original)(struct sock *sk);

	read_lock_bh(&listener->sk_callback_lock);
	original = khttpd_user_data(listener) ? spare->data_ready : listener->sk_data_ready;
	read_unlock_bh(&listener->sk_callback_lock);

	write_lock_bh(&child->sk_callback_lock);
	WRITE_ONCE(child->sk_data_ready, original);
	write_unlock_bh(&child->sk_callback_lock);
}

void *khttpd_callback_begin(struct sock *sk)
{
	read_lock_bh(&sk->sk_callback_lock);
	return khttpd_user_data(sk);
}

void khttpd_callback_end(struct sock *sk)
{
	read_unlock_bh(&sk->sk_callback_lock);
}

/* Does the first part of sk_stream_write_space(). */
bool khttpd_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
		return false;
	clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	return true;
}
