#include "daemon/database_check.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/store.h"
#include "daemon/whole_file.h"

/* Each pragma of a check gives a row for each fault, or one row "ok". */
static enum err run_check(sqlite3 *db, const char *pragma, struct buf *faults)
{
	sqlite3_stmt *q = NULL;
	enum err err = ERR_OK;
	int code = sqlite3_prepare_v2(db, pragma, -1, &q, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		const char *text;

		if ((code = sqlite3_step(q)) != SQLITE_ROW)
			break;
		text = (const char *)sqlite3_column_text(q, 0);
		if (text != NULL && strcmp(text, "ok") == 0)
			continue;
		buf_printf(faults, "%s: %s\n", pragma, text == NULL ? "?" : text);
		err = ERR_CORRUPT;
	}
	if (code != SQLITE_DONE) {
		buf_printf(faults, "%s: %s\n", pragma, sqlite3_errmsg(db));
		err = ERR_CORRUPT;
	}
	sqlite3_finalize(q);
	return err;
}

static enum err read_number(sqlite3 *db, const char *pragma, int64_t *out)
{
	sqlite3_stmt *q = NULL;
	enum err err = ERR_CORRUPT;

	if (sqlite3_prepare_v2(db, pragma, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		*out = sqlite3_column_int64(q, 0);
		err = ERR_OK;
	}
	sqlite3_finalize(q);
	return err;
}

/* Whose database it is, and of which release. */
static enum err check_header(sqlite3 *db, int64_t *schema, struct buf *faults)
{
	int64_t application = 0;

	if (read_number(db, "PRAGMA application_id", &application) != ERR_OK ||
	    application != STORE_APPLICATION ||
	    read_number(db, "PRAGMA user_version", schema) != ERR_OK || *schema < 1) {
		buf_put_text(faults, "It is not a database of examd.\n");
		return ERR_CORRUPT;
	}
	if (*schema <= STORE_SCHEMA)
		return ERR_OK;
	buf_printf(faults, "Its schema is %lld; this release reads up to %d.\n", (long long)*schema,
		   STORE_SCHEMA);
	return ERR_NEWER_SCHEMA;
}

/* A file name in a URI: everything that could mean something there is escaped. */
static char *uri_of(const char *path, bool alone)
{
	struct buf uri = {0};
	const unsigned char *p;

	buf_put_text(&uri, "file:");
	for (p = (const unsigned char *)path; *p != '\0'; p++) {
		if (strchr("%?#", *p) != NULL)
			buf_printf(&uri, "%%%02x", *p);
		else
			buf_put_u8(&uri, *p);
	}
	buf_put_text(&uri, alone ? "?immutable=1" : "?mode=ro");
	return buf_detach_text(&uri);
}

enum err database_check(const char *path, bool alone, int64_t *schema, struct buf *faults)
{
	sqlite3 *db = NULL;
	char *uri = NULL;
	enum err err = ERR_OK, more;

	*schema = 0;
	if (access(path, R_OK) != 0)
		return whole_file_error(errno);
	uri = uri_of(path, alone);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK) {
		buf_printf(faults, "%s\n", db == NULL ? "no memory" : sqlite3_errmsg(db));
		err = ERR_IO;
		goto out;
	}
	if ((err = check_header(db, schema, faults)) != ERR_OK)
		goto out;
	err = run_check(db, "PRAGMA integrity_check(20)", faults);
	more = run_check(db, "PRAGMA foreign_key_check", faults);
	if (err == ERR_OK)
		err = more;
out:
	sqlite3_close(db);
	free(uri);
	return err;
}
