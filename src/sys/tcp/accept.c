// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accepting in softirq: the life of a child from the accept queue to its close, with a struct socket
 * that has no inode and no file.
 *
 * Nothing that looks for the inode may be called with such a socket: sock_sendmsg(), sock_graft(),
 * sk_set_socket(), the security hooks of sockets.
 */
#include <linux/slab.h>
#include <net/inet_connection_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "callbacks.h"

/* reqsk_put(), whose last part is not exported. */
void khttpd_reqsk_put(struct request_sock *req)
{
	if (!refcount_dec_and_test(&req->rsk_refcnt))
		return;
	req->rsk_ops->destructor(req);
	if (req->rsk_listener)
		sock_put(req->rsk_listener);
	kfree(req->saved_syn);
	kmem_cache_free(req->rsk_ops->slab, req);
}

/*
 * Leaves the request of a TCP Fast Open child whose handshake is not complete to TCP, which drops it
 * later, as inet_csk_accept() does. Returns the request otherwise.
 */
static struct request_sock *khttpd_take_request(struct request_sock_queue *queue,
						struct request_sock *req)
{
	if (likely(!tcp_rsk(req)->tfo_listener))
		return req;
	spin_lock_bh(&queue->fastopenq.lock);
	if (tcp_rsk(req)->tfo_listener) {
		req->sk = NULL;
		req = NULL;
	}
	spin_unlock_bh(&queue->fastopenq.lock);
	return req;
}

/* Takes the first child from the accept queue, without the lock of the listener. */
static struct sock *khttpd_dequeue(struct sock *listener)
{
	struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	struct request_sock *req = reqsk_queue_remove(queue, listener);
	struct sock *child;

	if (!req)
		return NULL;
	child = req->sk;
	req = khttpd_take_request(queue, req);
	if (req)
		khttpd_reqsk_put(req);
	return child;
}

struct socket *khttpd_accept(struct sock *listener, const struct khttpd_callbacks *spare)
{
	struct socket *sock = kzalloc_obj(*sock, GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);

	if (!sock)
		return ERR_PTR(-ENOMEM);
	sock->sk = khttpd_dequeue(listener);
	if (!sock->sk) {
		kfree(sock);
		return ERR_PTR(-EAGAIN);
	}
	inet_init_csk_locks(sock->sk);
	sock_hold(sock->sk);
	/* Softirq has made it, for no control group. It is charged beyond a limit, too. */
	kmem_cache_charge(sock->sk, GFP_ATOMIC | __GFP_NOWARN);
	sock->state = SS_CONNECTED;
	sock->type = SOCK_STREAM;
	sock->ops = READ_ONCE(listener->sk_socket->ops);
	init_waitqueue_head(&sock->wq.wait);
	khttpd_forget_inherited(sock->sk, listener, spare);
	return sock;
}

/*
 * sock_graft() without an inode. TCP sets flags in the socket when it finds no space to send. A child
 * that belongs to BPF gets no socket, because BPF would send by it: it is closed without one.
 */
bool khttpd_child_attach(struct socket *sock, struct khttpd_callbacks *spare, void *user_data)
{
	struct sock *sk = sock->sk;
	bool attached;

	write_lock_bh(&sk->sk_callback_lock);
	attached = khttpd_attach_locked(sk, spare, user_data);
	if (attached) {
		rcu_assign_pointer(sk->sk_wq, &sock->wq);
		WRITE_ONCE(sk->sk_socket, sock);
		/* As of the inode that kernel_accept() makes. */
		WRITE_ONCE(sk->sk_uid, GLOBAL_ROOT_UID);
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return attached;
}

void *khttpd_child_close(struct socket *sock, struct khttpd_callbacks *spare)
{
	struct sock *sk = sock->sk;
	void *user_data = khttpd_detach(sk, spare);

	khttpd_prepare_close(sk);
	READ_ONCE(sk->sk_prot)->close(sk, 0);
	return user_data;
}

void khttpd_child_free(struct socket *sock)
{
	/* A socket that is still open has callbacks and a queue: a leak is the lesser evil. */
	if (WARN_ON_ONCE(sock->state == SS_CONNECTED && !sock_flag(sock->sk, SOCK_DEAD)))
		return;
	sock_put(sock->sk);
	/* TCP and others look at the wait queue in RCU read-side critical sections. */
	kfree_rcu(sock, wq.rcu);
}
