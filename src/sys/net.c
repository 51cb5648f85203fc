// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces, files and client sockets, as far as they are inline functions, macros or structures that bindgen does not see.
 * The Rust side of every line is src/sys/ffi.rs.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "helpers.h"

/*
 * Network namespaces.
 */

struct net *khttpd_net_current(void)
{
	return current->nsproxy->net_ns;
}

u64 khttpd_net_cookie(const struct net *net)
{
	return net->net_cookie;
}

/* As the kernel does it for sockets: neither who has opened nor who writes may do less than is asked. */
bool khttpd_net_capable(const struct net *net, const struct file *file, int capability)
{
	return file_ns_capable(file, net->user_ns, capability) &&
	       ns_capable(net->user_ns, capability);
}

/* Who may read and clear the log may fill it, too. An administrator of a mere namespace says something there now and then. */
bool khttpd_log_admits(void)
{
	static DEFINE_RATELIMIT_STATE(others, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	return ns_capable_noaudit(&init_user_ns, CAP_SYSLOG) || __ratelimit(&others);
}

bool khttpd_net_is_privileged(struct net *net, u16 port)
{
	return inet_port_requires_bind_service(net, port);
}

/* Pages that nobody can write to any more when the module's init has ended: where the kernel jumps to stays what it is. */
static void (*khttpd_net_ended)(void *context, struct net *net) __ro_after_init;
static void *khttpd_net_context __ro_after_init;

static void khttpd_net_pre_exit(struct net *net)
{
	khttpd_net_ended(khttpd_net_context, net);
}

/* Before anything else of the namespace goes: its devices still send what the connections have to say. */
static struct pernet_operations khttpd_net_ops = {
	.pre_exit = khttpd_net_pre_exit,
};

int khttpd_net_watch(void (*ended)(void *context, struct net *net), void *context)
{
	int error;

	if (khttpd_net_ended)
		return -EBUSY;
	khttpd_net_ended = ended;
	khttpd_net_context = context;
	error = register_pernet_device(&khttpd_net_ops);
	if (error)
		khttpd_net_ended = NULL;
	return error;
}

void khttpd_net_unwatch(void)
{
	unregister_pernet_device(&khttpd_net_ops);
}

/*
 * Files.
 */

struct cdev *khttpd_inode_cdev(const struct inode *inode)
{
	return inode->i_cdev;
}

unsigned int khttpd_inode_minor(const struct inode *inode)
{
	return iminor(inode);
}

bool khttpd_file_is_last(struct file *file)
{
	return file_count(file) == 1;
}

/*
 * Sockets.
 */

void khttpd_sock_release(struct socket *sock)
{
	struct net *net = maybe_get_net(sock_net(sock->sk));

	/*
	 * What closes in the background needs its timers, and has them only while it holds its namespace. Where that ends already, nothing
	 * is left to wait for.
	 */
	if (net) {
		if (!sock->sk->sk_net_refcnt)
			sk_net_refcnt_upgrade(sock->sk);
		put_net(net);
	} else {
		sock_no_linger(sock->sk);
	}
	sock_release(sock);
}

ssize_t khttpd_sock_send(struct socket *sock, struct iov_iter *from, bool wait)
{
	struct msghdr msg = {
		.msg_iter = *from,
		.msg_flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT),
	};
	int sent = sock_sendmsg(sock, &msg);

	*from = msg.msg_iter;
	return sent;
}

ssize_t khttpd_sock_send_bytes(struct socket *sock, const void *bytes, size_t len)
{
	struct kvec piece = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	return kernel_sendmsg(sock, &msg, &piece, 1, len);
}

ssize_t khttpd_sock_receive(struct socket *sock, struct iov_iter *to, bool wait)
{
	struct msghdr msg = { .msg_iter = *to };
	int received = sock_recvmsg(sock, &msg, wait ? 0 : MSG_DONTWAIT);

	*to = msg.msg_iter;
	return received;
}

__poll_t khttpd_sock_poll(struct socket *sock, struct file *file, poll_table *table)
{
	return READ_ONCE(sock->ops)->poll(file, sock, table);
}

static bool khttpd_sock_is_acknowledged(const struct sock *sk)
{
	return READ_ONCE(tcp_sk(sk)->snd_una) == READ_ONCE(tcp_sk(sk)->write_seq);
}

/* Whether nothing is under way to the peer any more. */
static bool khttpd_sock_is_settled(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE ||
	       khttpd_sock_is_acknowledged(sk);
}

/* Waits until `end`, in jiffies. */
static int khttpd_sock_settle(struct sock *sk, unsigned long end)
{
	int error;

	/* TCP tells nobody of an acknowledgement when there is space to send anyway, so this looks now and then. */
	while (!khttpd_sock_is_settled(sk)) {
		long left;

		if (time_after_eq(jiffies, end))
			return -ETIMEDOUT;
		left = wait_event_interruptible_timeout(*sk_sleep(sk), khttpd_sock_is_settled(sk),
							msecs_to_jiffies(10));
		if (left < 0)
			return left;
	}
	error = sock_error(sk);
	/* An error is told once, but what is lost stays so. Where not even the SYN was acknowledged, nothing was sent. */
	if (!error && READ_ONCE(sk->sk_state) == TCP_CLOSE && !khttpd_sock_is_acknowledged(sk) &&
	    READ_ONCE(tcp_sk(sk)->bytes_acked))
		error = -EPIPE;
	return error;
}

int khttpd_sock_wait_acknowledged(struct socket *sock, unsigned long timeout)
{
	return khttpd_sock_settle(sock->sk, jiffies + timeout);
}

int khttpd_sock_finish(struct socket *sock, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;
	/* Before it is connected a shutdown would break it off. */
	int error = khttpd_sock_settle(sock->sk, end);

	if (error)
		return error;
	/* An error means that there is no connection any more. */
	kernel_sock_shutdown(sock, SHUT_WR);
	return khttpd_sock_settle(sock->sk, end);
}
