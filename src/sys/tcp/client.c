// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets that a task uses and waits for.
 */
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/sock.h>
#include <net/tcp.h>

ssize_t khttpd_client_send(struct socket *sock, struct iov_iter *from, bool wait)
{
	struct msghdr msg = {
		.msg_iter = *from,
		.msg_flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT),
	};
	int sent = sock_sendmsg(sock, &msg);

	*from = msg.msg_iter;
	return sent;
}

ssize_t khttpd_client_receive(struct socket *sock, struct iov_iter *to, bool wait)
{
	struct msghdr msg = { .msg_iter = *to };
	int received = sock_recvmsg(sock, &msg, wait ? 0 : MSG_DONTWAIT);

	*to = msg.msg_iter;
	return received;
}

static bool khttpd_is_acknowledged(const struct sock *sk)
{
	return READ_ONCE(tcp_sk(sk)->snd_una) == READ_ONCE(tcp_sk(sk)->write_seq);
}

/* Tells whether no sent byte is on its way to the peer any more. */
static bool khttpd_is_settled(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE ||
	       khttpd_is_acknowledged(sk);
}

/* Waits until the socket is settled, up to the jiffy end. */
static int khttpd_settle(struct sock *sk, unsigned long end)
{
	int error;

	/* TCP wakes no task for an acknowledgement if there was space to send: poll it. */
	while (!khttpd_is_settled(sk)) {
		long left;

		if (time_after_eq(jiffies, end))
			return -ETIMEDOUT;
		left = wait_event_interruptible_timeout(*sk_sleep(sk), khttpd_is_settled(sk),
							msecs_to_jiffies(10));
		if (left < 0)
			return left;
	}
	error = sock_error(sk);
	/*
	 * An error is reported once, but lost bytes stay lost. If not even the SYN was acknowledged,
	 * no byte was sent.
	 */
	if (!error && READ_ONCE(sk->sk_state) == TCP_CLOSE && !khttpd_is_acknowledged(sk) &&
	    READ_ONCE(tcp_sk(sk)->bytes_acked))
		error = -EPIPE;
	return error;
}

int khttpd_client_wait_acknowledged(struct socket *sock, unsigned long timeout)
{
	return khttpd_settle(sock->sk, jiffies + timeout);
}

int khttpd_client_finish(struct socket *sock, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;
	/* Before the connection is established a shutdown would abort it. */
	int error = khttpd_settle(sock->sk, end);

	if (error)
		return error;
	/* This fails only if there is no connection any more. */
	kernel_sock_shutdown(sock, SHUT_WR);
	return khttpd_settle(sock->sk, end);
}
