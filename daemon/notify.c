#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_service_manager(const char *state)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
	} to = {.un = {.sun_family = AF_UNIX}};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len < 2 || len >= sizeof to.un.sun_path || strchr("/@", path[0]) == NULL)
		return;
	memcpy(to.un.sun_path, path, len);
	if (path[0] == '@')
		to.un.sun_path[0] = '\0'; /* an abstract address */
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, &to.any,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}
