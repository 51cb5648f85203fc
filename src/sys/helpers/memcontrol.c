// SPDX-License-Identifier: GPL-2.0-only

#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

struct mem_cgroup *khttpd_get_mem_cgroup_from_current(void)
{
	return get_mem_cgroup_from_mm(current->mm);
}

void khttpd_mem_cgroup_put(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

struct mem_cgroup *khttpd_set_active_memcg(struct mem_cgroup *memcg)
{
	return set_active_memcg(memcg);
}
