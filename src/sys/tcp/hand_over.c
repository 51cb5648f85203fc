// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a connection, with its unread bytes, into the accept queue of a process.
 *
 * The connection gets a request_sock of the listener's protocol, as one has that has just completed
 * its handshake with that listener. What khttpd has set in the socket is set back before.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <net/inet6_hashtables.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/mptcp.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "callbacks.h"

/* ANY_USER in ffi/tcp.rs; the number of no user. */
#define KHTTPD_ANY_USER ((uid_t)-1)

bool khttpd_sk_is_ipv4(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	return sk->sk_family == AF_INET || ipv6_addr_v4mapped(&sk->sk_v6_daddr);
#else
	return true;
#endif
}

/*
 * Whether the peer has acknowledged all, or never will. A child of TCP Fast Open is accepted before
 * the peer has acknowledged the SYN.
 */
bool khttpd_tcp_is_acknowledged(const struct sock *sk)
{
	return (tcp_sk(sk)->snd_una == tcp_sk(sk)->write_seq && sk->sk_state != TCP_SYN_RECV) ||
		khttpd_sk_is_dead(sk);
}

void khttpd_tcp_await_acknowledgement(struct sock *sk)
{
	/* TCP calls sk_write_space for each acknowledgement then. */
	if (sk->sk_socket)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
}

/* Loopback addresses are reached by the loopback device, which a listener may be bound to. */
static struct sock *khttpd_look_up(const struct sock *child, const struct sockaddr_in *to)
{
	const int device = ipv4_is_loopback(to->sin_addr.s_addr) ? LOOPBACK_IFINDEX : 0;

	return __inet_lookup_listener(sock_net(child), NULL, 0, inet_sk(child)->inet_daddr,
				      inet_sk(child)->inet_dport, to->sin_addr.s_addr,
				      ntohs(to->sin_port), device, 0);
}

static struct sock *khttpd_look_up6(const struct sock *child, const struct sockaddr_in6 *to)
{
#if IS_ENABLED(CONFIG_IPV6)
	const int device = ipv6_addr_loopback(&to->sin6_addr) ? LOOPBACK_IFINDEX : 0;

	return inet6_lookup_listener(sock_net(child), NULL, 0, &child->sk_v6_daddr,
				     inet_sk(child)->inet_dport, &to->sin6_addr,
				     ntohs(to->sin6_port), device, 0);
#else
	return NULL;
#endif
}

/* Returns the socket that listens at an address in the network namespace of child, and holds it. */
static struct sock *khttpd_find_listener(const struct sock *child, const struct sockaddr *to)
{
	struct sock *listener;

	rcu_read_lock();
	listener = to->sa_family == AF_INET ?
		khttpd_look_up(child, (const struct sockaddr_in *)to) :
		khttpd_look_up6(child, (const struct sockaddr_in6 *)to);
	if (listener && !refcount_inc_not_zero(&listener->sk_refcnt))
		listener = NULL;
	rcu_read_unlock();
	return listener;
}

/*
 * Whether a process accepts from the listener by accept(2): not khttpd itself, whose sockets have no
 * file, nor another user in the kernel, which replaces callbacks. From a listener of MPTCP it accepts
 * plain TCP connections, too: those of clients without MPTCP.
 */
static bool khttpd_is_of_process(struct sock *listener)
{
	bool has_file;

	read_lock_bh(&listener->sk_callback_lock);
	has_file = listener->sk_socket && READ_ONCE(listener->sk_socket->file);
	read_unlock_bh(&listener->sk_callback_lock);
	return has_file && (sk_is_mptcp(listener) || !inet_csk(listener)->icsk_ulp_ops) &&
		!khttpd_has_kernel_user(listener);
}

/*
 * An AF_INET connection must not enter the queue of an AF_INET6 listener: accept(2) would make an
 * AF_INET6 socket of it, whose close uses memory that the connection does not have. The client of
 * an AF_INET6 connection must not look like another client to an AF_INET listener.
 */
static int khttpd_check_family(const struct sock *child, const struct sock *listener)
{
	const bool is_ipv4 = khttpd_sk_is_ipv4(child);
	bool fits;

	if (listener->sk_family == AF_INET6)
		fits = child->sk_family == AF_INET6 && !(is_ipv4 && ipv6_only_sock(listener));
	else
		fits = is_ipv4;
	return fits ? 0 : -EAFNOSUPPORT;
}

/* Whether the listener belongs to a user, as the owner of its network namespace numbers them. */
static bool khttpd_is_of_user(const struct sock *listener, uid_t uid)
{
	return uid == KHTTPD_ANY_USER ||
		from_kuid(sock_net(listener)->user_ns, sk_uid(listener)) == uid;
}

/*
 * Returns why the process can't have the connection, or 0. A BPF program can make a look-up find a
 * listener of another network namespace.
 */
static int khttpd_check_listener(const struct sock *child, struct sock *listener, uid_t uid)
{
	if (!khttpd_is_of_process(listener) || !net_eq(sock_net(listener), sock_net(child)))
		return -EPERM;
	if (!khttpd_is_of_user(listener, uid))
		return -EACCES;
	if (sk_acceptq_is_full(listener))
		return -EAGAIN;
	return khttpd_check_family(child, listener);
}

/* Makes an AF_INET connection of an AF_INET6 one with IPv4-mapped addresses; it stays that. */
static int khttpd_fit_family(struct sock *child, const struct sock *listener)
{
	int family = AF_INET, err;

	if (child->sk_family == listener->sk_family)
		return 0;
	if (READ_ONCE(listener->sk_state) != TCP_LISTEN)
		return -ECONNREFUSED;
	err = READ_ONCE(child->sk_prot)->setsockopt(child, SOL_IPV6, IPV6_ADDRFORM,
						    KERNEL_SOCKPTR(&family), sizeof(family));
	/* -ENOTCONN: the client has said FIN. */
	return err && err != -ENOMEM ? -ENOTCONN : err;
}

/*
 * reqsk_alloc() and what inet_conn_request() sets. Readers of the hash tables may still look at the
 * memory, which is SLAB_TYPESAFE_BY_RCU: the links are not to be touched.
 */
static struct request_sock *khttpd_alloc_request(struct sock *listener)
{
	const struct request_sock_ops *ops = listener->sk_prot->rsk_prot;
	struct request_sock *req = kmem_cache_alloc(ops->slab, GFP_KERNEL | __GFP_NOWARN);
	struct sock *sk = req_to_sk(req);

	if (!req)
		return NULL;
	memset(sk, 0, offsetof(struct sock, sk_dontcopy_begin));
	memset(&sk->sk_dontcopy_end, 0, ops->obj_size - offsetof(struct sock, sk_dontcopy_end));
	sk_node_init(&sk->sk_node);
	sk_tx_queue_clear(sk);
	sk->sk_prot = listener->sk_prot;
	sock_hold(listener);
	req->rsk_listener = listener;
	req->rsk_ops = ops;
	inet_rsk(req)->ireq_state = TCP_NEW_SYN_RECV;
	inet_rsk(req)->ireq_family = listener->sk_family;
	write_pnet(&inet_rsk(req)->ireq_net, sock_net(listener));
	refcount_set(&req->rsk_refcnt, 1);
	return req;
}

/* Sets the options that khttpd needs. With the socket owned. */
static void khttpd_set_options(struct sock *sk)
{
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	tcp_sk(sk)->nonagle = TCP_NAGLE_OFF;
	inet_csk_enter_pingpong_mode(sk);
}

/* Sets the options of a new TCP socket. With the socket owned. */
static void khttpd_reset_options(struct sock *sk)
{
	sk->sk_allocation = GFP_KERNEL;
	sk->sk_use_task_frag = true;
	sk->sk_kern_sock = 0;
	inet_csk_exit_pingpong_mode(sk);
}

/* Copies the options that an accepted connection has from its listener. With the socket owned. */
static void khttpd_inherit_options(struct sock *sk, const struct sock *listener)
{
	const struct tcp_sock *from = tcp_sk(listener);
	struct tcp_sock *to = tcp_sk(sk);

	to->nonagle = from->nonagle;
	inet_csk(sk)->icsk_user_timeout = READ_ONCE(inet_csk(listener)->icsk_user_timeout);
	sk->sk_priority = READ_ONCE(listener->sk_priority);
	sk->sk_rcvlowat = READ_ONCE(listener->sk_rcvlowat);
	if (!sock_flag(listener, SOCK_KEEPOPEN))
		return;
	to->keepalive_time = READ_ONCE(from->keepalive_time);
	to->keepalive_intvl = READ_ONCE(from->keepalive_intvl);
	to->keepalive_probes = READ_ONCE(from->keepalive_probes);
	READ_ONCE(sk->sk_prot)->keepalive(sk, 1);
	sock_set_flag(sk, SOCK_KEEPOPEN);
}

/* Whether nothing but the unread bytes has to do with khttpd. With the socket owned. */
static bool khttpd_can_move(const struct sock *child)
{
	return (1 << child->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT) &&
		!khttpd_sk_is_dead(child) && khttpd_tcp_is_acknowledged(child);
}

/*
 * Makes an orphan of the connection, as TCP has made it, and returns the user data; returns null and
 * changes nothing if the connection ends, or its network namespace.
 */
static void *khttpd_let_go(struct sock *child, struct khttpd_callbacks *spare,
			   struct sock *listener)
{
	struct net *net = maybe_get_net(sock_net(child));
	void *user_data = NULL;

	if (!net)
		return NULL;
	lock_sock(child);
	if (khttpd_can_move(child)) {
		write_lock_bh(&child->sk_callback_lock);
		user_data = khttpd_detach_locked(child, spare);
		if (user_data) {
			RCU_INIT_POINTER(child->sk_wq, NULL);
			WRITE_ONCE(child->sk_socket, NULL);
		}
		write_unlock_bh(&child->sk_callback_lock);
	}
	if (user_data) {
		/* A process may keep the connection when khttpd has left the namespace. */
		if (!child->sk_net_refcnt)
			sk_net_refcnt_upgrade(child);
		khttpd_reset_options(child);
		khttpd_inherit_options(child, listener);
		security_sk_clone(listener, child);
	}
	release_sock(child);
	put_net(net);
	return user_data;
}

/* inet_csk_reqsk_queue_add(), which is not exported; false if the listener does not listen. */
static bool khttpd_enqueue(struct sock *listener, struct request_sock *req, struct sock *child)
{
	struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	bool listens;

	spin_lock_bh(&queue->rskq_lock);
	listens = listener->sk_state == TCP_LISTEN;
	if (listens) {
		req->sk = child;
		req->dl_next = NULL;
		if (!queue->rskq_accept_head)
			WRITE_ONCE(queue->rskq_accept_head, req);
		else
			queue->rskq_accept_tail->dl_next = req;
		queue->rskq_accept_tail = req;
		sk_acceptq_added(listener);
	}
	spin_unlock_bh(&queue->rskq_lock);
	return listens;
}

/*
 * Queues the connection and wakes the process; returns false if the listener does not listen. MPTCP's
 * callback uses memory that is freed a grace period after the listener has ceased to listen.
 */
static bool khttpd_offer(struct sock *listener, struct request_sock *req, struct sock *child)
{
	bool queued;

	rcu_read_lock();
	queued = khttpd_enqueue(listener, req, child);
	if (queued)
		READ_ONCE(listener->sk_data_ready)(listener);
	rcu_read_unlock();
	return queued;
}

/*
 * Undoes khttpd_let_go(), but for the reference to the network namespace, which stays until the
 * connection is closed. Returns false if BPF has the connection by now.
 */
static bool khttpd_take_back(struct socket *sock, struct khttpd_callbacks *spare, void *user_data)
{
	bool attached;

	lock_sock(sock->sk);
	attached = khttpd_child_attach(sock, spare, user_data);
	khttpd_set_options(sock->sk);
	release_sock(sock->sk);
	return attached;
}

/* Moves the connection; *user_data is set if the callbacks are not attached any more. */
static int khttpd_move(struct socket *sock, struct khttpd_callbacks *spare, struct sock *listener,
		       struct request_sock *req, void **user_data)
{
	void *taken = khttpd_let_go(sock->sk, spare, listener);

	if (!taken)
		return -ENOTCONN;
	*user_data = taken;
	/* The process may close the connection at once. */
	sock->state = SS_UNCONNECTED;
	if (khttpd_offer(listener, req, sock->sk))
		return 0;
	sock->state = SS_CONNECTED;
	if (!khttpd_take_back(sock, spare, taken))
		return -ENOTCONN;
	*user_data = NULL;
	return -ECONNREFUSED;
}

static int khttpd_hand_over_to(struct socket *sock, struct khttpd_callbacks *spare,
			       struct sock *listener, uid_t uid, void **user_data)
{
	struct request_sock *req;
	int err = khttpd_check_listener(sock->sk, listener, uid);

	if (err)
		return err;
	req = khttpd_alloc_request(listener);
	if (!req)
		return -ENOMEM;
	err = khttpd_fit_family(sock->sk, listener);
	if (!err)
		err = khttpd_move(sock, spare, listener, req, user_data);
	if (err)
		khttpd_reqsk_put(req);
	return err;
}

int khttpd_hand_over(struct socket *sock, struct khttpd_callbacks *spare, const struct sockaddr *to,
		     uid_t uid, void **user_data)
{
	struct sock *listener = khttpd_find_listener(sock->sk, to);
	int err;

	if (!listener)
		return -ECONNREFUSED;
	err = khttpd_hand_over_to(sock, spare, listener, uid, user_data);
	sock_put(listener);
	return err;
}
