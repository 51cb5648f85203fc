// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rate limit of the kernel's log.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ratelimit.h>
#include <linux/user_namespace.h>

/*
 * A task that may read and clear the log is not limited. All other tasks share one limit, so that
 * the administrators of containers can not flood the log.
 */
bool khttpd_log_admits(void)
{
	static DEFINE_RATELIMIT_STATE(others, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	return ns_capable_noaudit(&init_user_ns, CAP_SYSLOG) || __ratelimit(&others);
}
