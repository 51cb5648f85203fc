// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading received bytes in place, in the socket's receive queue.
 */
#include <linux/err.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>

/* Returns the contiguous bytes of skb from offset on. */
static const u8 *khttpd_piece(const struct sk_buff *skb, u32 offset, size_t *len)
{
	struct skb_seq_state state;
	const u8 *piece;
	skb_frag_t *frag = skb_shinfo(skb)->frags;

	if (offset < skb_headlen(skb)) {
		*len = skb_headlen(skb) - offset;
		return skb->data + offset;
	}
	if (likely(!skb_headlen(skb) && skb_shinfo(skb)->nr_frags &&
		   offset < skb_frag_size(frag))) {
		*len = skb_frag_size(frag) - offset;
		return (const u8 *)skb_frag_address(frag) + offset;
	}
	skb_prepare_seq_read((struct sk_buff *)skb, offset, skb->len, &state);
	*len = skb_seq_read(0, &piece, &state);
	/* The mapping stays valid after this: there is no highmem. */
	skb_abort_seq_read(&state);
	return *len ? piece : ERR_PTR(-EIO);
}

/*
 * Replaces shared fragments by copies. Over the loopback device a process can send pages of a file
 * or of its own, and can still change them; the parser needs bytes that do not change.
 */
static noinline bool khttpd_own_frags(struct sk_buff *skb)
{
	if (skb_has_frag_list(skb) || skb_copy_ubufs(skb, GFP_ATOMIC))
		return false;
	skb_shinfo(skb)->flags &= ~SKBFL_SHARED_FRAG;
	return true;
}

/* tcp_recv_skb(), with a short way for the case that the first skb has the next byte. */
static struct sk_buff *khttpd_next_skb(struct sock *sk, u32 *offset)
{
	const u32 seq = tcp_sk(sk)->copied_seq;
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	if (unlikely(!skb))
		return NULL;
	*offset = seq - TCP_SKB_CB(skb)->seq;
	if (likely(*offset < skb->len && !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)))
		return skb;
	return tcp_recv_skb(sk, seq, offset);
}

const u8 *khttpd_peek(struct sock *sk, size_t *len)
{
	struct sk_buff *skb;
	u32 offset;

	skb = khttpd_next_skb(sk, &offset);
	if (!skb)
		return NULL;
	if (offset == skb->len) {
		/* A FIN alone, which takes one sequence number. */
		tcp_read_done(sk, 1);
		return NULL;
	}
	/* In a device's memory, which a socket has to ask for and khttpd's do not. */
	if (unlikely(!skb_frags_readable(skb)))
		return ERR_PTR(-EIO);
	if (unlikely(skb_has_shared_frag(skb)) && !khttpd_own_frags(skb))
		return ERR_PTR(-ENOMEM);
	return khttpd_piece(skb, offset, len);
}
