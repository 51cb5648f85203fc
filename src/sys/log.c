// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rate limit of the kernel's log.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ratelimit.h>
#include <linux/user_namespace.h>

bool khttpd_log_may_read(const struct file *file)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYSLOG) &&
	       file_ns_capable(file, &init_user_ns, CAP_SYSLOG);
}

bool khttpd_log_admits(void)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	return __ratelimit(&limit);
}
