#include "client/term/ack_log.h"

#include <inttypes.h>
#include <unistd.h>

bool ack_log(int fd, const struct exam_client *client, const Examd__V1__Answer *answer)
{
	const Examd__V1__Status *status = exam_client_status(client);
	const Examd__V1__Session *session = exam_client_session(client);
	int64_t attempt = status != NULL ? status->attempt : session != NULL ? session->attempt : 0;
	struct buf packed = {0}, line = {0};
	struct digest d;
	char hex[65];
	bool written;

	if (fd < 0)
		return true;
	message_put(&packed, &answer->base);
	d = digest_of(buf_bytes(&packed).data, buf_length(&packed));
	hex_format(d.b, sizeof d.b, hex);
	buf_printf(&line, "%" PRId64 " %u %u %u %s\n", attempt, answer->item, answer->seat,
		   answer->revision, hex);
	written = write(fd, buf_bytes(&line).data, buf_length(&line)) == (ssize_t)buf_length(&line);
	buf_fini(&packed);
	buf_fini(&line);
	return written;
}
