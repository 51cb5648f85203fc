// SPDX-License-Identifier: GPL-2.0-only

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

struct task_struct *khttpd_kthread_run(int (*run)(void *context), void *context, const char *name)
{
	struct task_struct *task = kthread_create(run, context, "%s", name);

	if (!IS_ERR(task)) {
		/* It runs in the root of the CPU control groups, whose other tasks come first. */
		set_user_nice(task, 10);
		get_task_struct(task);
		wake_up_process(task);
	}
	return task;
}

void khttpd_kthread_allow_kill(void)
{
	allow_kernel_signal(SIGKILL);
}

void khttpd_kthread_kill(struct task_struct *task)
{
	send_sig(SIGKILL, task, 1);
}

void khttpd_kthread_flush_signals(void)
{
	flush_signals(current);
}

void khttpd_kthread_stop_put(struct task_struct *task)
{
	kthread_stop_put(task);
}
