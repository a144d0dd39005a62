#include "proto/stream/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum err address_find(const char *host, unsigned port, bool passive, struct addrinfo **out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	char service[12];

	if (port > 65535)
		return ERR_NOT_FOUND;
	if (passive)
		hints.ai_flags |= AI_PASSIVE;
	snprintf(service, sizeof service, "%u", port);
	*out = NULL;
	return getaddrinfo(host, service, &hints, out) == 0 && *out != NULL ? ERR_OK
									    : ERR_NOT_FOUND;
}

void address_of_peer(int fd, char out[ADDRESS_TEXT])
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} a;
	socklen_t len = sizeof a;

	out[0] = '\0';
	if (getpeername(fd, &a.any, &len) != 0)
		return;
	if (a.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a.v4.sin_addr, out, ADDRESS_TEXT);
	else if (a.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr))
		inet_ntop(AF_INET, &a.v6.sin6_addr.s6_addr[12], out, ADDRESS_TEXT);
	else if (a.any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a.v6.sin6_addr, out, ADDRESS_TEXT);
}

/* Not one of them is worth a connection, so failures are passed over. */
void address_tune(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
	    {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
	    {IPPROTO_TCP, TCP_KEEPIDLE, 30}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
	    {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, ADDRESS_SILENCE_MOST},
	};
	size_t i;

	for (i = 0; i < sizeof options / sizeof options[0]; i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
				 sizeof options[i].value);
}
