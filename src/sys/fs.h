/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What src/sys/fs.c offers; src/sys/file.rs declares the same functions for Rust and says what each asks of its caller.
 */
#ifndef KHTTPD_FS_H
#define KHTTPD_FS_H

#include <linux/types.h>

struct file;
struct path;

/* What is known of a file without reading it; repr(C) in file.rs. */
struct khttpd_facts {
	u64 size;
	u64 inode;
	s64 modified;
	s64 changed;
	u64 cookie;
	u32 modified_ns;
	u32 changed_ns;
	u32 device;
	u16 mode;
	/* Somebody can write to it without leaving a trace in the times. */
	bool mapped;
};

/* Is told the name of an entry; returns whether it wants another. */
typedef bool (*khttpd_name_t)(void *context, const char *name, size_t len);

int khttpd_path_open(const char *name, struct path *path);
int khttpd_path_look_up(const struct path *root, const char *name, bool follow, struct path *found);
bool khttpd_path_up(const struct path *root, struct path *path, khttpd_name_t name, void *context);
int khttpd_path_facts(const struct path *path, struct khttpd_facts *facts);
int khttpd_path_settle(const struct path *path, const struct khttpd_facts *facts);

struct file *khttpd_file_open(const struct path *path);
void khttpd_file_close(struct file *file);
ssize_t khttpd_file_read(struct file *file, void *bytes, size_t len, u64 at);
int khttpd_file_names(struct file *file, khttpd_name_t name, void *context);

#endif
