// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying received bytes without consuming them, and consuming them without a copy.
 */
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>

/* HEAD_ROOM in limits.rs. */
#define KHTTPD_HEAD_ROOM 32768

/*
 * Returns the first skb of the receive queue with bytes behind the sequence number seq; searches
 * from the end of the queue, where the newest bytes are.
 */
static struct sk_buff *khttpd_find_skb(struct sock *sk, u32 seq)
{
	struct sk_buff *found = NULL, *skb;

	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (!after(TCP_SKB_CB(skb)->end_seq, seq))
			break;
		found = skb;
	}
	return found;
}

/* skb_copy_bits(), with a short way for bytes in the first fragment. */
static int khttpd_copy_bits(const struct sk_buff *skb, u32 offset, u8 *to, u32 len)
{
	const skb_frag_t *frag = skb_shinfo(skb)->frags;

	if (likely(!skb_headlen(skb) && skb_shinfo(skb)->nr_frags && skb_frags_readable(skb) &&
		   offset + len <= skb_frag_size(frag))) {
		/* There is no highmem. */
		memcpy(to, (const u8 *)skb_frag_address(frag) + offset, len);
		return 0;
	}
	return skb_copy_bits(skb, offset, to, len);
}

/*
 * Bytes are copied even if they are contiguous: a process that sends pages of a file over the
 * loopback device can still change them.
 */
int khttpd_copy_unread(struct sock *sk, u32 skip, u8 *to, int len)
{
	const u32 seq = tcp_sk(sk)->copied_seq + skip;
	struct sk_buff *skb = skip ? khttpd_find_skb(sk, seq) : skb_peek(&sk->sk_receive_queue);
	int copied = 0;

	for (; skb && copied < len; skb = skb_peek_next(skb, &sk->sk_receive_queue)) {
		/* Segments may overlap; that of a FIN may have no bytes. */
		const u32 offset = seq + copied - TCP_SKB_CB(skb)->seq;
		u32 count;

		if (unlikely(offset >= skb->len))
			continue;
		count = min_t(u32, skb->len - offset, len - copied);
		/* Fails in a device's memory, which a socket has to ask for and khttpd's do not. */
		if (unlikely(khttpd_copy_bits(skb, offset, to + copied, count)))
			return -EIO;
		copied += count;
	}
	return copied;
}

/* Until more bytes come; tcp_cleanup_rbuf() looks at these flags. */
void khttpd_defer_acknowledgement(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pending &= ~(ICSK_ACK_PUSHED | ICSK_ACK_PUSHED2);
}

/* A FIN, which takes one sequence number, is consumed behind the last byte. */
u32 khttpd_discard_unread(struct sock *sk, u32 limit)
{
	const u32 begin = tcp_sk(sk)->copied_seq;

	tcp_read_done(sk, min(tcp_sk(sk)->rcv_nxt - begin, limit));
	return tcp_sk(sk)->copied_seq - begin;
}

/*
 * TCP counts a buffer as used until its last byte is consumed: an unfinished head of a few bytes
 * can keep the window closed when it ends a buffer of many segments, and then its peer can't send
 * the rest. A peer sends as soon as it may send half of the largest window that it has seen, or a
 * segment (tcp_bound_to_half_wnd()). The longest head has room whatever tcp_rmem says,
 * with what its buffers take besides, and the requests before it in the first of them.
 */
void khttpd_make_room(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const int room = min_t(u32, 2 * tp->advmss, tp->rcv_ssthresh);
	int rcvbuf, most;

	if (likely(tcp_space(sk) >= room))
		return;
	rcvbuf = atomic_read(&sk->sk_rmem_alloc) + tcp_space_from_win(sk, room);
	most = max(READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2]), 8 * KHTTPD_HEAD_ROOM);
	rcvbuf = min(rcvbuf, most);
	if (rcvbuf > sk->sk_rcvbuf)
		WRITE_ONCE(sk->sk_rcvbuf, rcvbuf);
}

/* Makes room first, because the peer learns of it from the window that consuming lets it know. */
void khttpd_consume(struct sock *sk, u32 count)
{
	const u32 left = tcp_sk(sk)->rcv_nxt - tcp_sk(sk)->copied_seq - count;

	/* An unfinished head, perhaps: it is not looked at before the next poll. */
	if (unlikely(left && left < KHTTPD_HEAD_ROOM))
		khttpd_make_room(sk);
	tcp_read_done(sk, count);
}
