// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending with the socket's spinlock held and softirqs disabled.
 *
 * TCP copies the bytes that it sends into a page fragment of up to 32 KiB that belongs to the
 * socket. For ten thousand idle connections that would be 320 MB. Instead each CPU has a fragment,
 * which a socket has for the time of one call.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

/* BLOCKS_MAX in sender.rs: blocks of a body that leave by one call with what precedes them. */
#define KHTTPD_BLOCKS_MAX 7

struct page_frag __percpu *khttpd_alloc_frags(void)
{
	return alloc_percpu(struct page_frag);
}

void khttpd_free_frags(struct page_frag __percpu *frags)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct page_frag *frag = per_cpu_ptr(frags, cpu);

		if (frag->page)
			put_page(frag->page);
	}
	free_percpu(frags);
}

static int khttpd_sendmsg(struct sock *sk, struct page_frag __percpu *frags, struct msghdr *msg,
			  size_t len)
{
	struct page_frag *frag = this_cpu_ptr(frags);
	struct page_frag own = sk->sk_frag;
	int sent;

	sk->sk_frag = *frag;
	sent = tcp_sendmsg_locked(sk, msg, len);
	*frag = sk->sk_frag;
	sk->sk_frag = own;
	return sent;
}

int khttpd_send(struct sock *sk, struct page_frag __percpu *frags, const struct kvec *pieces,
		unsigned int count, size_t len, unsigned int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, pieces, count, len);
	return khttpd_sendmsg(sk, frags, &msg, len);
}

int khttpd_splice(struct sock *sk, struct page_frag __percpu *frags, const struct bio_vec *pieces,
		  unsigned int count, size_t skip, size_t len, unsigned int flags)
{
	struct msghdr msg = {
		.msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES,
	};

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, pieces, count, skip + len);
	iov_iter_advance(&msg.msg_iter, skip);
	return khttpd_sendmsg(sk, frags, &msg, len);
}

/* Copies pieces into the CPU's fragment, as TCP does; false if memory is short. */
static bool khttpd_copy_pieces(struct sock *sk, struct page_frag *frag, const struct kvec *pieces,
			       unsigned int count, size_t len, struct bio_vec *copy)
{
	struct iov_iter from;

	if (!skb_page_frag_refill(len, frag, sk->sk_allocation) || frag->size - frag->offset < len)
		return false;
	bvec_set_page(copy, frag->page, len, frag->offset);
	iov_iter_kvec(&from, ITER_SOURCE, pieces, count, len);
	/* From here on the bytes are TCP's. */
	frag->offset += len;
	return copy_from_iter_full(bvec_virt(copy), len, &from);
}

int khttpd_send_and_splice(struct sock *sk, struct page_frag __percpu *frags,
			   const struct kvec *pieces, unsigned int count, size_t head,
			   const struct bio_vec *blocks, unsigned int block_count, size_t skip,
			   size_t len, unsigned int flags)
{
	struct msghdr msg = {
		.msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES,
	};
	struct bio_vec vectors[1 + KHTTPD_BLOCKS_MAX];
	unsigned int i;
	int sent;

	if (!khttpd_copy_pieces(sk, this_cpu_ptr(frags), pieces, count, head, vectors))
		return khttpd_send(sk, frags, pieces, count, head, flags | MSG_MORE);
	for (i = 0; i < block_count; i++)
		vectors[1 + i] = blocks[i];
	vectors[1].bv_offset += skip;
	vectors[1].bv_len -= skip;
	/* Without scatter-gather TCP copies, and may give up the fragment for another. */
	get_page(vectors->bv_page);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, vectors, 1 + block_count, head + len);
	sent = khttpd_sendmsg(sk, frags, &msg, head + len);
	put_page(vectors->bv_page);
	return sent;
}

/* inet_shutdown() for a caller that holds the lock and needs no callback. */
void khttpd_half_close(struct sock *sk)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	READ_ONCE(sk->sk_prot)->shutdown(sk, SEND_SHUTDOWN);
}
