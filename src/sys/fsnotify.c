// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks of fsnotify: on directories, on names in them, and on a mount namespace. In C because
 * bindgen does not see the structures, and fsnotify calls functions of a constant table.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fsnotify_backend.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#define KHTTPD_NAME_EVENTS (FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO)
#define KHTTPD_TREE_EVENTS (KHTTPD_NAME_EVENTS | FS_MODIFY | FS_CLOSE_WRITE | FS_ATTRIB | \
			    FS_UNMOUNT | FS_EVENT_ON_CHILD)

struct khttpd_mark {
	struct fsnotify_mark mark;
	/*
	 * fsnotify charges no group for what connects the first mark with its inode, so that as
	 * much is charged here.
	 */
	u8 charged[sizeof(struct fsnotify_mark_connector) + sizeof(struct list_head)];
	/* The only name in the directory that matters; all do if it is empty. */
	size_t name_len;
	char name[] __counted_by(name_len);
};

static void (*khttpd_on_change)(void *context) __ro_after_init;
static void (*khttpd_on_release)(void *context) __ro_after_init;
/* The groups that fsnotify may still use. */
static atomic_t khttpd_mark_groups = ATOMIC_INIT(0);

static int khttpd_mark_event(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
			     struct inode *dir, const struct qstr *name, u32 cookie)
{
	const struct khttpd_mark *own = container_of(mark, struct khttpd_mark, mark);

	if (!own->name_len || (name && name->len == own->name_len &&
			       !memcmp(name->name, own->name, own->name_len)))
		khttpd_on_change(mark->group->private);
	return 0;
}

static void khttpd_mark_free(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct khttpd_mark, mark));
}

static void khttpd_mark_group_free(struct fsnotify_group *group)
{
	khttpd_on_release(group->private);
	if (atomic_dec_and_test(&khttpd_mark_groups))
		wake_up_var(&khttpd_mark_groups);
}

static const struct fsnotify_ops khttpd_mark_ops = {
	.handle_inode_event = khttpd_mark_event,
	.free_group_priv = khttpd_mark_group_free,
	.free_mark = khttpd_mark_free,
};

void khttpd_marks_register(void (*on_change)(void *context), void (*on_release)(void *context))
{
	khttpd_on_change = on_change;
	khttpd_on_release = on_release;
}

void khttpd_marks_wait(void)
{
	wait_var_event(&khttpd_mark_groups, !atomic_read(&khttpd_mark_groups));
	/* The work item that has freed the last group may still be about to return. */
	fsnotify_wait_marks_destroyed();
}

struct fsnotify_group *khttpd_mark_group_new(void *context, bool duplicates)
{
	/* FSNOTIFY_GROUP_USER: charged to the group of the task. */
	int flags = FSNOTIFY_GROUP_USER | (duplicates ? FSNOTIFY_GROUP_DUPS : 0);
	struct fsnotify_group *group = fsnotify_alloc_group(&khttpd_mark_ops, flags);

	if (IS_ERR(group))
		return group;
	atomic_inc(&khttpd_mark_groups);
	group->private = context;
	return group;
}

void khttpd_mark_group_put(struct fsnotify_group *group)
{
	fsnotify_put_group(group);
}

static struct fsnotify_mark *khttpd_mark_add(struct fsnotify_group *group, void *object,
					     unsigned int type, u32 mask, const char *name,
					     size_t name_len)
{
	struct khttpd_mark *own;
	int error;

	own = kzalloc(struct_size(own, name, name_len), GFP_KERNEL_ACCOUNT);
	if (!own)
		return ERR_PTR(-ENOMEM);
	fsnotify_init_mark(&own->mark, group);
	own->mark.mask = mask;
	own->name_len = name_len;
	memcpy(own->name, name, name_len);
	error = fsnotify_add_mark(&own->mark, object, type, 0);
	if (error) {
		fsnotify_put_mark(&own->mark);
		return ERR_PTR(error);
	}
	return &own->mark;
}

struct fsnotify_mark *khttpd_mark_directory(struct fsnotify_group *group, const struct path *path,
					    const char *name, size_t name_len)
{
	return khttpd_mark_add(group, d_inode(path->dentry), FSNOTIFY_OBJ_TYPE_INODE,
			       name_len ? KHTTPD_NAME_EVENTS : KHTTPD_TREE_EVENTS, name, name_len);
}

struct fsnotify_mark *khttpd_mark_mounts(struct fsnotify_group *group, void *mounts)
{
	/* No events: the mark shows whether the namespace still exists. */
	return khttpd_mark_add(group, mounts, FSNOTIFY_OBJ_TYPE_MNTNS, 0, "", 0);
}

bool khttpd_mark_is_attached(struct fsnotify_mark *mark)
{
	bool attached;

	spin_lock(&mark->lock);
	attached = mark->flags & FSNOTIFY_MARK_FLAG_ATTACHED;
	spin_unlock(&mark->lock);
	return attached;
}

void khttpd_mark_destroy(struct fsnotify_mark *mark)
{
	fsnotify_destroy_mark(mark, mark->group);
	fsnotify_put_mark(mark);
}
