/* systemd's sd_notify(3), without its library. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* Sends STATE, "READY=1", to NOTIFY_SOCKET; nothing happens where there is none. */
void notify_service_manager(const char *state);

#endif
