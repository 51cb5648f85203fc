/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints of khttpd, which src/sys/trace.rs calls. The reasons and results are words, so that
 * filters and histograms of tracing tools show them as they are. They are in arrays, because bpftrace
 * 0.23 finds no __string().
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM khttpd

#if !defined(KHTTPD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KHTTPD_TRACE_H

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/tracepoint.h>
#include <net/ipv6.h>
#include <net/sock.h>

/* Once, although the header is read several times. */
#ifndef KHTTPD_TRACE_HELPERS
#define KHTTPD_TRACE_HELPERS

/* Writes the address of the client, an IPv4 address as an IPv4-mapped one. */
static inline void khttpd_trace_client(const struct sock *sk, u8 client[16])
{
	struct in6_addr address;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		address = sk->sk_v6_daddr;
	else
#endif
		ipv6_addr_set_v4mapped(sk->sk_daddr, &address);
	memcpy(client, &address, sizeof(address));
}

/* Returns how many bytes TCP has taken for the client; a FIN is none. */
static inline u64 khttpd_trace_bytes(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 unacknowledged = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);
	u64 bytes = READ_ONCE(tp->bytes_acked) + unacknowledged;
	bool has_fin = READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN && !READ_ONCE(sk->sk_err);

	return bytes - (bytes && has_fin);
}

/* Copies so much of a method as there is room for. */
static inline void khttpd_trace_method(char *room, size_t size, const char *method, size_t len)
{
	memset(room, 0, size);
	memcpy(room, method, min(len, size - 1));
}

/* A client chooses the bytes of a request: they must not control the terminal that shows them. */
static inline void khttpd_trace_mask(char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			*text = '?';
	}
}

#endif /* KHTTPD_TRACE_HELPERS */

TRACE_EVENT(khttpd_accept,

	TP_PROTO(const struct sock *sk),

	TP_ARGS(sk),

	TP_STRUCT__entry(
		__array(__u8, client, 16)
		__field(__u16, client_port)
		__field(__u16, port)
	),

	TP_fast_assign(
		khttpd_trace_client(sk, __entry->client);
		__entry->client_port = ntohs(sk->sk_dport);
		__entry->port = sk->sk_num;
	),

	TP_printk("client=%pI6c client_port=%u port=%u",
		  __entry->client, __entry->client_port, __entry->port)
);

TRACE_EVENT(khttpd_request,

	TP_PROTO(const struct sock *sk, const char *method, size_t method_len,
		 const char *target, size_t target_len, u16 status, u64 bytes),

	TP_ARGS(sk, method, method_len, target, target_len, status, bytes),

	TP_STRUCT__entry(
		__array(__u8, client, 16)
		__field(__u16, client_port)
		__field(__u16, status)
		__field(__u64, bytes)
		__array(char, method, 16)
		__string_len(target, target, target_len)
	),

	TP_fast_assign(
		khttpd_trace_client(sk, __entry->client);
		__entry->client_port = ntohs(sk->sk_dport);
		__entry->status = status;
		__entry->bytes = bytes;
		khttpd_trace_method(__entry->method, sizeof(__entry->method), method,
				    method_len);
		__assign_str(target);
		khttpd_trace_mask(__entry->method);
		khttpd_trace_mask(__get_str(target));
	),

	TP_printk("client=%pI6c client_port=%u method=%s target=%s status=%u bytes=%llu",
		  __entry->client, __entry->client_port, __entry->method, __get_str(target),
		  __entry->status, __entry->bytes)
);

TRACE_EVENT(khttpd_close,

	TP_PROTO(const struct sock *sk, const char *reason, bool reset, u32 requests,
		 unsigned long begin),

	TP_ARGS(sk, reason, reset, requests, begin),

	TP_STRUCT__entry(
		__array(__u8, client, 16)
		__field(__u16, client_port)
		__field(__u8, reset)
		__field(__u32, requests)
		__field(__u64, bytes)
		__field(__u32, milliseconds)
		__array(char, reason, 16)
	),

	TP_fast_assign(
		khttpd_trace_client(sk, __entry->client);
		__entry->client_port = ntohs(sk->sk_dport);
		__entry->reset = reset;
		__entry->requests = requests;
		__entry->bytes = khttpd_trace_bytes(sk);
		__entry->milliseconds = jiffies_to_msecs(jiffies - begin);
		strscpy_pad(__entry->reason, reason);
	),

	TP_printk("client=%pI6c client_port=%u reason=%s reset=%d requests=%u bytes=%llu milliseconds=%u",
		  __entry->client, __entry->client_port, __entry->reason, __entry->reset,
		  __entry->requests, __entry->bytes, __entry->milliseconds)
);

TRACE_EVENT(khttpd_defer,

	TP_PROTO(const struct sock *sk, const char *reason),

	TP_ARGS(sk, reason),

	TP_STRUCT__entry(
		__array(__u8, client, 16)
		__field(__u16, client_port)
		__array(char, reason, 16)
	),

	TP_fast_assign(
		khttpd_trace_client(sk, __entry->client);
		__entry->client_port = ntohs(sk->sk_dport);
		strscpy_pad(__entry->reason, reason);
	),

	TP_printk("client=%pI6c client_port=%u reason=%s",
		  __entry->client, __entry->client_port, __entry->reason)
);

TRACE_EVENT(khttpd_hand_over,

	TP_PROTO(const struct sock *sk, u16 port, const char *result),

	TP_ARGS(sk, port, result),

	TP_STRUCT__entry(
		__array(__u8, client, 16)
		__field(__u16, client_port)
		__field(__u16, port)
		__array(char, result, 16)
	),

	TP_fast_assign(
		khttpd_trace_client(sk, __entry->client);
		__entry->client_port = ntohs(sk->sk_dport);
		__entry->port = port;
		strscpy_pad(__entry->result, result);
	),

	TP_printk("client=%pI6c client_port=%u port=%u result=%s",
		  __entry->client, __entry->client_port, __entry->port, __entry->result)
);

TRACE_EVENT(khttpd_load,

	TP_PROTO(u64 files, u64 bytes, u64 milliseconds, int error),

	TP_ARGS(files, bytes, milliseconds, error),

	TP_STRUCT__entry(
		__field(__u64, files)
		__field(__u64, bytes)
		__field(__u64, milliseconds)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->files = files;
		__entry->bytes = bytes;
		__entry->milliseconds = milliseconds;
		__entry->error = error;
	),

	TP_printk("files=%llu bytes=%llu milliseconds=%llu error=%d",
		  __entry->files, __entry->bytes, __entry->milliseconds, __entry->error)
);

#endif /* KHTTPD_TRACE_H */

/* Kbuild adds this folder to the include path of khttpd.c. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#include <trace/define_trace.h>
