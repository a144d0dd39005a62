#include "client/ctl/handlers.h"

#include <string.h>

#define UPLOAD_NUMBER 1
#define TRIES	      5

/* What was brought up is gone with its connection. */
static bool is_worth_another(enum err err)
{
	return err == ERR_TIMEOUT || err == ERR_NOT_FOUND;
}

const Examd__V1__Reply *upload_and_ask(struct ctl *ctl, const char *path,
				       void (*make)(Examd__V1__Request *request, const char *file,
						    bool check_only, uint8_t command_id[16]))
{
	struct buf content = {0};
	const Examd__V1__Reply *reply = NULL;
	uint8_t command_id[16];
	enum err err = ERR_TIMEOUT;

	if (!ctl_read_file(path, &content) || !remote_open(ctl)) {
		buf_fini(&content);
		return NULL;
	}
	exam_client_command_id(command_id); /* the same at every try: it is carried out once */
	for (int i = 0; i < TRIES && is_worth_another(err); i++) {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;

		reply = NULL;
		err = remote_upload(ctl, UPLOAD_NUMBER, buf_bytes(&content));
		if (err != ERR_OK)
			continue;
		make(&request, path, ctl_has(ctl, OPT_CHECK), command_id);
		err = remote_call(ctl, &request, &reply);
	}
	buf_fini(&content);
	/* With errors in the input the reply has the diagnostics all the same. */
	if (reply != NULL && reply->body_case == EXAMD__V1__REPLY__BODY_DIAGNOSTICS)
		return reply;
	remote_refused(err == ERR_OK ? ERR_PROTOCOL : err, reply);
	return NULL;
}
