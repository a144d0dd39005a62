#include "daemon/init.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/whole_file.h"
#include "proto/base/bytes.h"
#include "proto/base/mem.h"
#include "proto/stream/tls.h"

#define DAYS                                                                                       \
	3650 /* clients trust the key by its pin; a certificate that ends would only lock out */

static enum err make_folder(const char *path)
{
	return mkdir(path, 0700) == 0 ? ERR_OK : whole_file_error(errno);
}

static enum err must_be_empty(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *e;
	enum err err = ERR_OK;

	if (folder == NULL)
		return whole_file_error(errno);
	while (err == ERR_OK && (e = readdir(folder)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = ERR_EXISTS;
	closedir(folder);
	return err;
}

/* The folder is there, empty, and closed to others. */
static enum err make_dir(const char *dir, bool *made)
{
	enum err err = make_folder(dir);

	*made = err == ERR_OK;
	if (err != ERR_EXISTS)
		return err;
	if ((err = must_be_empty(dir)) != ERR_OK)
		return err;
	return chmod(dir, 0700) == 0 ? ERR_OK : whole_file_error(errno);
}

static enum err make_in(const char *dir, const char *name, mode_t mode, const struct buf *content)
{
	char *path = mem_printf("%s/%s", dir, name);
	enum err err =
	    content == NULL ? make_folder(path) : whole_file_make(path, mode, buf_bytes(content));

	free(path);
	return err;
}

static enum err sync_in(const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	enum err err = whole_file_sync_folder(path);

	free(path);
	return err;
}

static enum err make_certificate(const struct init_order *order, struct digest *pin)
{
	struct buf authority = {0}, cert = {0}, key = {0};
	enum err err;

	err = tls_make_signed(order->names, order->nnames, DAYS, &authority, &cert, &key);
	if (err == ERR_OK)
		err = tls_pin_of_pem(buf_bytes(&cert), pin);
	if (err == ERR_OK)
		err = make_in(order->dir, "secrets/tls.key", 0600, &key);
	if (err == ERR_OK)
		err = make_in(order->dir, "secrets/tls.crt", 0644, &cert);
	if (err == ERR_OK)
		err = make_in(order->dir, "classroom-ca.crt", 0644, &authority);
	if (key.data != NULL)
		explicit_bzero(key.data, key.cap);
	buf_fini(&key);
	buf_fini(&cert);
	buf_fini(&authority);
	return err;
}

static enum err make_settings(const char *dir)
{
	struct buf text = {0};
	enum err err;

	config_example(&text);
	err = make_in(dir, "examd.yaml", 0600, &text);
	buf_fini(&text);
	return err;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	if (at->level > 0)
		(void)remove(path);
	return 0;
}

static void remove_all(const char *dir, bool with_dir)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (with_dir)
		(void)rmdir(dir);
}

static enum err fill(const struct init_order *order, struct init_result *result, const char **what)
{
	enum err err;

	*what = "making the folders";
	if ((err = make_in(order->dir, "secrets", 0700, NULL)) != ERR_OK ||
	    (err = make_in(order->dir, "backups", 0700, NULL)) != ERR_OK)
		return err;
	*what = "making key and certificate";
	if ((err = make_certificate(order, &result->pin)) != ERR_OK)
		return err;
	*what = "writing examd.yaml";
	if ((err = make_settings(order->dir)) != ERR_OK)
		return err;
	*what = "making secrets, database and admin";
	if ((err = order->install(order->dir, order->admin, result->one_time_password)) != ERR_OK)
		return err;
	*what = "bringing the folders to the disk";
	if ((err = sync_in(order->dir, "secrets")) != ERR_OK)
		return err;
	return whole_file_sync_folder(order->dir);
}

enum err init_make(const struct init_order *order, struct init_result *result, const char **what)
{
	bool made;
	enum err err;

	*what = "making the data directory";
	*result = (struct init_result){0};
	if ((err = make_dir(order->dir, &made)) != ERR_OK)
		return err;
	err = fill(order, result, what);
	if (err != ERR_OK)
		remove_all(order->dir, made);
	return err;
}
