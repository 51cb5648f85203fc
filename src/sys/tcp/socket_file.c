// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets of files, which processes may use at the same time.
 *
 * Callbacks, user data and protocol stay as they are. khttpd uses such a socket only with the spinlock
 * of its lock held, and never waits for a process that owns it: that may be stopped in the middle of
 * a call, by a fault in its memory, for as long as it likes. One with TLS it uses only while no
 * process can.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <net/inet_connection_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "callbacks.h"
#include "tls.h"

/* How a socket allocates while khttpd does not hold its lock: struct RawAllocation in ffi/tcp.rs. */
struct khttpd_allocation {
	gfp_t flags;
	bool use_task_frag;
};

/*
 * Whether bytes are for others than khttpd: another user in the kernel, such as a sockmap, or a process
 * that repairs the connection.
 */
static bool khttpd_is_used(const struct sock *sk)
{
	return READ_ONCE(sk->sk_user_data) || tcp_sk(sk)->repair;
}

int khttpd_socket_check(struct socket *sock, const struct proto **prot,
			struct khttpd_tls_parameters *tls)
{
	struct sock *sk = sock->sk;
	int error;

	/* A socket of the kernel may not keep its network namespace. */
	if (!sk_is_tcp(sk) || !sk->sk_net_refcnt || khttpd_is_used(sk))
		return -EOPNOTSUPP;
	error = khttpd_tls_check(sk, tls);
	if (error)
		return error;
	*prot = READ_ONCE(sk->sk_prot);
	if (!((1 << READ_ONCE(sk->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		return -ENOTCONN;
	return 0;
}

struct net *khttpd_socket_net(struct socket *sock)
{
	return sock_net(sock->sk);
}

/* The entry's function is called for each event, with the queue's lock held. */
void khttpd_socket_watch(struct socket *sock, struct wait_queue_entry *entry,
			 wait_queue_func_t function, void *context)
{
	init_waitqueue_func_entry(entry, function);
	entry->private = context;
	add_wait_queue(sk_sleep(sock->sk), entry);
}

void khttpd_socket_unwatch(struct socket *sock, struct wait_queue_entry *entry)
{
	remove_wait_queue(sk_sleep(sock->sk), entry);
}

int khttpd_socket_try_lock(struct sock *sk, const struct proto *prot,
			   struct khttpd_allocation *allocation)
{
	const int unconnected = TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT | TCPF_SYN_RECV;

	if (!khttpd_sk_try_lock(sk))
		return -EAGAIN;
	if (sk->sk_prot != prot || inet_csk(sk)->icsk_ulp_ops || khttpd_is_used(sk) ||
	    ((1 << sk->sk_state) & unconnected)) {
		spin_unlock_bh(&sk->sk_lock.slock);
		return -ENOTCONN;
	}
	allocation->flags = sk->sk_allocation;
	allocation->use_task_frag = sk->sk_use_task_frag;
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	/* Each byte is an event, and responses leave at once: TCP_NODELAY without TCP_CORK. */
	WRITE_ONCE(sk->sk_rcvlowat, 1);
	tcp_sk(sk)->nonagle = TCP_NAGLE_OFF;
	return 0;
}

void khttpd_socket_unlock(struct sock *sk, const struct khttpd_allocation *allocation)
{
	sk->sk_allocation = allocation->flags;
	sk->sk_use_task_frag = allocation->use_task_frag;
	spin_unlock_bh(&sk->sk_lock.slock);
}

/*
 * Ends the connection at once: processes may keep descriptors. close(2) must not linger: in a task of
 * the kernel no signal would end that.
 */
void khttpd_socket_end(struct sock *sk, bool reset)
{
	sock_reset_flag(sk, SOCK_LINGER);
	if (reset)
		sk->sk_prot->disconnect(sk, 0);
	else
		khttpd_half_close(sk);
}

/* In a task of the kernel fput() would leave the close to a worker of the whole system. */
void khttpd_file_put(struct file *file)
{
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}
