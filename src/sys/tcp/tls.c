// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets on which TLS encrypts and decrypts in the kernel: the upper layer protocol of
 * Documentation/networking/tls.rst.
 *
 * Its calls wait for the lock of the socket. So they are for a socket that no process can use, whose
 * lock others hold only for a moment.
 */
#include <linux/net.h>
#include <linux/uio.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tls.h>
#include <net/tls_prot.h>

#include "tls.h"

/*
 * Tells the parameters of TLS; all are 0 without it. TLS must work in both directions, and not in a
 * network device.
 */
int khttpd_tls_check(const struct sock *sk, struct khttpd_tls_parameters *parameters)
{
	const struct tcp_ulp_ops *ulp = inet_csk(sk)->icsk_ulp_ops;
	const struct tls_context *context;

	*parameters = (struct khttpd_tls_parameters){};
	if (!ulp)
		return 0;
	if (strcmp(ulp->name, "tls"))
		return -EOPNOTSUPP;
	context = tls_get_ctx(sk);
	if (context->tx_conf != TLS_SW || context->rx_conf != TLS_SW)
		return -EINVAL;
	parameters->version = context->crypto_recv.info.version;
	parameters->cipher = context->crypto_recv.info.cipher_type;
	return 0;
}

/* Whether a record, the end of the stream or an error is there to be received. */
bool khttpd_tls_is_readable(struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return (prot->sock_is_readable && prot->sock_is_readable(sk)) ||
	       READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN || READ_ONCE(sk->sk_err);
}

static bool is_broken(int err)
{
	return err == EBADMSG || err == EMSGSIZE || err == EINVAL;
}

static bool has_stopped(const struct sock *sk)
{
	return tls_sw_ctx_rx(tls_get_ctx(sk))->strp.stopped;
}

/*
 * Takes the error by which TLS has told that the stream can't be divided into records any more, or
 * returns 0. As an error of the socket it would keep back what is sent.
 */
int khttpd_tls_take_broken(struct sock *sk)
{
	return has_stopped(sk) && is_broken(READ_ONCE(sk->sk_err)) ? sock_error(sk) : 0;
}

/*
 * Receives from records of one type, which it tells: 0 at the end of the stream. The bytes of a
 * record that find no room follow later.
 */
int khttpd_tls_receive(struct socket *sock, void *to, size_t len, u8 *type)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(u8))];
	} control = {};
	struct msghdr msg = {
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct kvec vector = { .iov_base = to, .iov_len = len };
	int received = kernel_recvmsg(sock, &msg, &vector, 1, len, MSG_DONTWAIT);

	*type = 0;
	if (control.header.cmsg_level == SOL_TLS &&
	    control.header.cmsg_type == TLS_GET_RECORD_TYPE)
		*type = *(u8 *)CMSG_DATA(&control.header);
	/*
	 * A record that can't be decrypted is an error of the socket, too. If bytes came before it the
	 * next call tells.
	 */
	if (is_broken(-received) || (received > 0 && !has_stopped(sock->sk) &&
				     is_broken(READ_ONCE(sock->sk->sk_err))))
		sock_error(sock->sk);
	return received;
}

int khttpd_tls_send(struct socket *sock, const void *from, size_t len, unsigned int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vector = { .iov_base = (void *)from, .iov_len = len };

	return kernel_sendmsg(sock, &msg, &vector, 1, len);
}

int khttpd_tls_splice(struct socket *sock, const struct bio_vec *pieces, unsigned int count,
		      size_t skip, size_t len, unsigned int flags)
{
	struct msghdr msg = {
		.msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES,
	};
	int sent;

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, pieces, count, skip + len);
	iov_iter_advance(&msg.msg_iter, skip);
	/* TLS would have each record leave in a segment of its own. */
	tcp_sock_set_cork(sock->sk, true);
	sent = sock_sendmsg(sock, &msg);
	tcp_sock_set_cork(sock->sk, false);
	return sent;
}

/* Sends an alert, behind all bytes: RFC 8446 section 6. */
int khttpd_tls_send_alert(struct socket *sock, u8 level, u8 description)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(u8))];
	} control = {
		.header.cmsg_level = SOL_TLS,
		.header.cmsg_type = TLS_SET_RECORD_TYPE,
		.header.cmsg_len = CMSG_LEN(sizeof(u8)),
	};
	u8 alert[] = { level, description };
	struct kvec vector = { .iov_base = alert, .iov_len = sizeof(alert) };
	struct msghdr msg = {
		.msg_control = &control,
		.msg_controllen = sizeof(control),
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
	};

	*(u8 *)CMSG_DATA(&control.header) = TLS_RECORD_TYPE_ALERT;
	return kernel_sendmsg(sock, &msg, &vector, 1, sizeof(alert));
}

/*
 * Whether TCP has all records: those that TLS still has are lost when the socket is closed. Otherwise
 * an event follows when TCP has space.
 */
bool khttpd_tls_is_flushed(struct sock *sk)
{
	struct tls_context *context = tls_get_ctx(sk);
	bool is_flushed;

	lock_sock(sk);
	is_flushed = !context->partially_sent_record && !context->pending_open_record_frags &&
		     list_empty(&tls_sw_ctx_tx(context)->tx_list);
	if (!is_flushed) {
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		/* TLS has given up because of what it has received. */
		if (khttpd_tls_take_broken(sk))
			sk->sk_write_space(sk);
	}
	release_sock(sk);
	return is_flushed;
}

/*
 * Whether no event follows although TLS has records to send, or has taken none (is_blocked): TCP,
 * which tells of space when the peer acknowledges something, has nothing either, because memory was
 * short.
 */
bool khttpd_tls_is_stuck(struct sock *sk, bool is_blocked)
{
	bool is_stuck;

	if (likely(!is_blocked && list_empty(&tls_sw_ctx_tx(tls_get_ctx(sk))->tx_list)))
		return false;
	lock_sock(sk);
	is_stuck = tcp_rtx_and_write_queues_empty(sk);
	release_sock(sk);
	return is_stuck;
}

/* Has TLS send its records once more. */
void khttpd_tls_push(struct sock *sk)
{
	lock_sock(sk);
	sk->sk_write_space(sk);
	release_sock(sk);
}

/*
 * Whether the close, after FIN, loses nothing: TCP resets the connection if bytes are unread, and
 * forgets what it has sent. Otherwise an event follows when the peer has it all.
 */
bool khttpd_tls_can_close(const struct sock *sk)
{
	const int unacknowledged = TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 unread = READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq) -
		     sock_flag(sk, SOCK_DONE);

	return !unread || !(1 << inet_sk_state_load(sk) & unacknowledged);
}

void khttpd_tls_half_close(struct socket *sock)
{
	kernel_sock_shutdown(sock, SHUT_WR);
}

/* The process may have set other options: responses leave at once. */
void khttpd_tls_begin(struct sock *sk)
{
	tcp_sock_set_cork(sk, false);
	tcp_sock_set_nodelay(sk);
}

/* Prepares the close by the last reference to the file, in a task of the kernel, which no signal ends. */
void khttpd_tls_end(struct sock *sk, bool reset)
{
	if (reset) {
		sock_no_linger(sk);
		return;
	}
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	release_sock(sk);
}

/* Tells a process that gets the socket of the end that khttpd has received. */
void khttpd_tls_end_receiving(struct socket *sock)
{
	kernel_sock_shutdown(sock, SHUT_RD);
}
