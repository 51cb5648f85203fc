// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending with the socket's spinlock held and softirqs disabled.
 *
 * TCP copies the bytes that it sends into a page fragment of up to 32 KiB that belongs to the
 * socket. For ten thousand idle connections that would be 320 MB. Instead each CPU has a fragment,
 * which a socket has for the time of one call.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

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

/* inet_shutdown() for a caller that holds the lock and needs no callback. */
void khttpd_half_close(struct sock *sk)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	READ_ONCE(sk->sk_prot)->shutdown(sk, SEND_SHUTDOWN);
}
