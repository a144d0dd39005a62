/* What a process that was taken over could do: each forbidden thing is tried inside a front, a core
 * and a supervisor that have made themselves ready as they do for their work: front_main(),
 * core_main() and supervisor_run() run in a child, up to the loop that would serve (the core's
 * hasher, up to its first password), and the thing is tried there.  Nothing may come of it: the
 * process dies of SIGSYS, or the kernel refuses. It is a program of the release, whose confinement
 * is the strict one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/confine/landlock.h"
#include "daemon/front/front.h"
#include "daemon/front/leash.h"
#include "daemon/init.h"
#include "daemon/service/core.h"
#include "daemon/service/hasher.h"
#include "daemon/service/install.h"
#include "daemon/supervisor.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/stream/conn.h"
#include "proto/stream/loop.h"
#include "proto/stream/tls.h"

#define WAIT_MS 60000 /* no wait of a test that holds takes so long */

enum inside { FRONT = 1 << 0, CORE = 1 << 1, SUPERVISOR = 1 << 2, HASHER = 1 << 3 };

/* One thing to try; true: it worked. */
struct thing {
	const char *name;
	bool (*works)(void);
	unsigned where;	  /* in which processes it is forbidden; of allowed[], allowed */
	bool by_landlock; /* in the core nothing else forbids it */
};

static struct {
	char above[64], dir[80];
	char outside[80];			/* a file beside the folder of the core */
	char inside[120], put[120], moved[120]; /* files in it, and one that is moved out */
	struct buf cert, key;
	int listener; /* of the front */
	int own;      /* a pair of sockets that the process was given */
	int told;     /* where the child says what happened */
	const struct thing *thing;
	pid_t test;
} w = {.listener = -1, .own = -1, .told = -1};

/* ---- Things: starting programs, looking into others ------------------------------------------ */

static bool did(long result)
{
	return result >= 0;
}

static bool child_came(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool run_a_program(void)
{
	char *args[] = {(char[]){"true"}, NULL};
	char *none[] = {NULL};

	return did(execve("/bin/true", args, none));
}

static bool run_an_open_program(void)
{
	char *args[] = {(char[]){"true"}, NULL};

	return did(syscall(SYS_execveat, w.own, "", args, args + 1, AT_EMPTY_PATH));
}

static bool begin_a_process(void)
{
	return child_came(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

#ifdef SYS_fork
static bool begin_a_process_by_fork(void)
{
	return child_came(syscall(SYS_fork));
}
#endif

static bool begin_a_process_by_clone3(void)
{
	struct clone_args {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} args = {.exit_signal = SIGCHLD};

	return child_came(syscall(SYS_clone3, &args, sizeof args));
}

static bool trace_the_parent(void)
{
	return did(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static bool be_traced(void)
{
	return did(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static bool read_the_parent_s_memory(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {&w, 1};

	return process_vm_readv(w.test, &here, 1, &there, 1, 0) == 1;
}

static bool write_the_parent_s_memory(void)
{
	char byte = 0;
	struct iovec here = {&byte, 1}, there = {&w.above[60], 1};

	return process_vm_writev(w.test, &here, 1, &there, 1, 0) == 1;
}

static bool open_the_parent_s_memory(void)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/mem", (int)w.test);
	return did(open(path, O_RDWR));
}

static bool open_its_own_memory(void)
{
	return did(open("/proc/self/mem", O_RDWR));
}

static bool kill_the_parent(void)
{
	return did(kill(w.test, 0));
}

static bool kill_everybody(void)
{
	return did(kill(-1, 0));
}

static bool signal_another_thread(void)
{
	return did(syscall(SYS_tgkill, w.test, w.test, 0));
}

static bool signal_by_the_owner_of_a_socket(void)
{
	return did(fcntl(w.own, F_SETOWN, w.test));
}

static bool queue_a_signal(void)
{
	siginfo_t info = {.si_code = SI_QUEUE};

	return did(syscall(SYS_rt_sigqueueinfo, w.test, 0, &info));
}

static bool hold_a_process(void)
{
	return did(syscall(SYS_pidfd_open, w.test, 0));
}

/* ---- Things: memory -------------------------------------------------------------------------- */

static bool map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED;
}

static bool make_memory_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && did(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static bool make_a_file_of_memory(void)
{
	return did(memfd_create("x", 0));
}

static bool handle_faults_of_memory(void)
{
	return did(syscall(SYS_userfaultfd, 0));
}

/* ---- Things: files --------------------------------------------------------------------------- */

static bool read_the_passwords(void)
{
	return did(open("/etc/passwd", O_RDONLY));
}

static bool list_the_root(void)
{
	return did(open("/", O_RDONLY | O_DIRECTORY));
}

static bool read_the_database(void)
{
	return did(open(w.inside, O_RDONLY));
}

static bool make_a_file_outside(void)
{
	char path[120];
	bool made;

	snprintf(path, sizeof path, "%s/made", w.above);
	made = did(open(path, O_WRONLY | O_CREAT, 0600));
	return made;
}

static bool write_a_file_outside(void)
{
	return did(open(w.outside, O_WRONLY));
}

static bool cut_a_file_outside(void)
{
	return did(truncate(w.outside, 0));
}

static bool remove_a_file_outside(void)
{
	return did(unlinkat(AT_FDCWD, w.outside, 0));
}

static bool move_a_file_out(void)
{
	return did(renameat2(AT_FDCWD, w.put, AT_FDCWD, w.moved, 0));
}

static bool link_a_file_in(void)
{
	return did(linkat(AT_FDCWD, w.outside, AT_FDCWD, w.put, 0));
}

static bool link_by_name(void)
{
	return did(symlinkat("/etc", AT_FDCWD, w.put));
}

static bool open_up_a_file(void)
{
	return did(fchmodat(AT_FDCWD, w.outside, 0777, 0));
}

static bool make_a_folder(void)
{
	char path[120];

	snprintf(path, sizeof path, "%s/folder", w.above);
	return did(mkdirat(AT_FDCWD, path, 0700));
}

static bool look_whether_a_file_is_there(void)
{
	struct stat st;

	return did(fstatat(AT_FDCWD, "/etc/passwd", &st, 0));
}

static bool ask_who_may_read(void)
{
	return did(faccessat(AT_FDCWD, "/etc/passwd", R_OK, 0));
}

static bool read_a_link(void)
{
	char to[8];

	return did(readlinkat(AT_FDCWD, "/proc/self/exe", to, sizeof to));
}

static bool go_to_another_folder(void)
{
	return did(chdir("/"));
}

static bool change_the_root(void)
{
	return did(chroot("/"));
}

static bool make_a_device(void)
{
	return did(mknodat(AT_FDCWD, w.put, S_IFCHR | 0600, 0x0103));
}

static bool open_by_number(void)
{
	struct {
		struct file_handle head;
		char room[MAX_HANDLE_SZ];
	} h = {.head.handle_bytes = MAX_HANDLE_SZ};
	int mount_id;

	return did(name_to_handle_at(AT_FDCWD, "/", &h.head, &mount_id, 0));
}

/* ---- Things: sockets ------------------------------------------------------------------------- */

static bool open_ipv4(void)
{
	return did(socket(AF_INET, SOCK_STREAM, 0));
}

static bool open_ipv6_datagrams(void)
{
	return did(socket(AF_INET6, SOCK_DGRAM, 0));
}

static bool open_local(void)
{
	return did(socket(AF_UNIX, SOCK_STREAM, 0));
}

static bool open_netlink(void)
{
	return did(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

static bool open_packets(void)
{
	return did(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool pair_sockets(void)
{
	int fd[2];

	return did(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
}

/* A local port that nobody has; the answer "refused" would mean that it was tried. */
static bool call_somebody(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return did(connect(w.listener, (struct sockaddr *)(void *)&to, sizeof to)) ||
	       errno == ECONNREFUSED || errno == EISCONN || errno == EINPROGRESS;
}

/* A listening socket that is shut down can connect in its first sendto(). */
static bool call_somebody_by_sending(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)shutdown(w.listener, SHUT_RDWR);
	return did(sendto(w.listener, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
			  (struct sockaddr *)(void *)&to, sizeof to)) ||
	       errno == ECONNREFUSED || errno == EINPROGRESS;
}

static bool call_a_local_socket(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/nobody"};

	return did(connect(w.own, (struct sockaddr *)(void *)&to, sizeof to)) || errno == ENOENT ||
	       errno == EISCONN || errno == ECONNREFUSED;
}

static bool take_another_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	return did(bind(w.listener, (struct sockaddr *)(void *)&at, sizeof at)) || errno == EINVAL;
}

static bool listen_again(void)
{
	return did(listen(w.listener, 1));
}

/* ---- Things: who it is, and the machine -------------------------------------------------------
 */

static bool become_another_user(void)
{
	return did(syscall(SYS_setresuid, 1, 1, 1));
}

static bool become_another_group(void)
{
	return did(syscall(SYS_setresgid, 1, 1, 1));
}

static bool leave_groups(void)
{
	return did(syscall(SYS_setgroups, 0, NULL));
}

static bool take_capabilities_back(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[2] = {{~0u, ~0u, 0}, {0, 0, 0}};

	return did(syscall(SYS_capset, &head, set));
}

static bool become_readable(void)
{
	return did(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0));
}

static bool put_a_filter_above(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {1, all};

	return did(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

static bool mount_something(void)
{
	return did(mount("none", w.above, "tmpfs", 0, NULL));
}

static bool unmount_something(void)
{
	return did(umount2("/proc/nothing", 0));
}

static bool leave_its_namespace(void)
{
	return did(unshare(CLONE_NEWUSER));
}

static bool begin_in_a_namespace(void)
{
	return child_came(syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0));
}

static bool set_the_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return did(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

static bool name_the_machine(void)
{
	char name[65] = "";

	return did(gethostname(name, sizeof name)) && did(sethostname(name, strlen(name)));
}

static bool load_a_module(void)
{
	return did(syscall(SYS_finit_module, w.own, "", 0));
}

static bool restart_the_machine(void)
{
	return did(reboot((int)RB_DISABLE_CAD));
}

static bool read_the_kernel_s_log(void)
{
	return did(syscall(SYS_syslog, 10, NULL, 0));
}

static bool load_a_program_of_the_kernel(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	return did(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static bool count_events(void)
{
	char attr[128] = {0};

	attr[4] = (char)sizeof attr;
	return did(syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
}

static bool ring_for_the_kernel(void)
{
	char params[120] = {0};

	return did(syscall(SYS_io_uring_setup, 4, params));
}

static bool read_keys_of_the_kernel(void)
{
	return did(syscall(SYS_keyctl, 0, -3, 1)); /* the process's keyring, made if it has none */
}

static bool behave_as_another_machine(void)
{
	return did(syscall(SYS_personality, 0xffffffff));
}

static bool raise_its_priority(void)
{
	return did(setpriority(PRIO_PROCESS, 0, 1));
}

static bool begin_a_process_with_its_files(void)
{
	return child_came(syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
}

#define EVERYWHERE (FRONT | CORE | SUPERVISOR)
#define CHILDREN   (FRONT | CORE)
static const struct thing forbidden[] = {
#define THING(function, ...)                                                                       \
	{                                                                                          \
#function, function, __VA_ARGS__                                                   \
	}
    THING(run_a_program, EVERYWHERE, false),
    THING(run_an_open_program, EVERYWHERE, false),
    THING(begin_a_process, CHILDREN, false),
#ifdef SYS_fork
    THING(begin_a_process_by_fork, CHILDREN, false),
#endif
    THING(begin_a_process_by_clone3, CHILDREN, false),
    THING(begin_a_process_with_its_files, CHILDREN, false),
    THING(begin_in_a_namespace, EVERYWHERE, false),
    THING(trace_the_parent, EVERYWHERE, false),
    THING(be_traced, EVERYWHERE, false),
    THING(read_the_parent_s_memory, EVERYWHERE, false),
    THING(write_the_parent_s_memory, EVERYWHERE, false),
    THING(open_the_parent_s_memory, CHILDREN, true),
    THING(open_its_own_memory, CHILDREN, true),
    THING(kill_the_parent, CHILDREN, false),
    THING(kill_everybody, CHILDREN, false),
    THING(signal_another_thread, CHILDREN, false),
    THING(signal_by_the_owner_of_a_socket, FRONT, false),
    THING(queue_a_signal, CHILDREN, false),
    THING(hold_a_process, CHILDREN, false),
    THING(map_code, CHILDREN, false),
    THING(make_memory_code, CHILDREN, false),
    THING(make_a_file_of_memory, CHILDREN, false),
    THING(handle_faults_of_memory, EVERYWHERE, false),
    THING(read_the_passwords, CHILDREN, true),
    THING(list_the_root, CHILDREN, true),
    THING(read_the_database, FRONT, false),
    THING(make_a_file_outside, CHILDREN, true),
    THING(write_a_file_outside, CHILDREN, true),
    THING(cut_a_file_outside, CHILDREN, false),
    THING(remove_a_file_outside, CHILDREN, true),
    THING(move_a_file_out, CHILDREN, true),
    THING(link_a_file_in, CHILDREN, false),
    THING(link_by_name, CHILDREN, false),
    THING(open_up_a_file, CHILDREN, false),
    THING(make_a_folder, CHILDREN, true),
    THING(look_whether_a_file_is_there, FRONT, false),
    THING(ask_who_may_read, FRONT, false),
    THING(read_a_link, FRONT, false),
    THING(go_to_another_folder, CHILDREN, false),
    THING(change_the_root, EVERYWHERE, false),
    THING(make_a_device, EVERYWHERE, false),
    THING(open_by_number, EVERYWHERE, false),
    THING(open_ipv4, EVERYWHERE, false),
    THING(open_ipv6_datagrams, EVERYWHERE, false),
    THING(open_netlink, EVERYWHERE, false),
    THING(open_packets, EVERYWHERE, false),
    THING(open_local, FRONT, false),
    THING(pair_sockets, FRONT, false),
    THING(call_somebody, CHILDREN, false),
    THING(call_somebody_by_sending, FRONT, false),
    THING(call_a_local_socket, CHILDREN, false),
    THING(take_another_port, FRONT, false),
    THING(listen_again, FRONT, false),
    THING(become_another_user, CHILDREN, false),
    THING(become_another_group, CHILDREN, false),
    THING(leave_groups, CHILDREN, false),
    THING(take_capabilities_back, EVERYWHERE, false),
    THING(become_readable, CHILDREN, false),
    THING(put_a_filter_above, CHILDREN, false),
    THING(mount_something, EVERYWHERE, false),
    THING(unmount_something, EVERYWHERE, false),
    THING(leave_its_namespace, EVERYWHERE, false),
    THING(set_the_clock, EVERYWHERE, false),
    THING(name_the_machine, EVERYWHERE, false),
    THING(load_a_module, EVERYWHERE, false),
    THING(restart_the_machine, EVERYWHERE, false),
    THING(read_the_kernel_s_log, EVERYWHERE, false),
    THING(load_a_program_of_the_kernel, EVERYWHERE, false),
    THING(count_events, EVERYWHERE, false),
    THING(ring_for_the_kernel, EVERYWHERE, false),
    THING(read_keys_of_the_kernel, EVERYWHERE, false),
    THING(behave_as_another_machine, EVERYWHERE, false),
    THING(raise_its_priority, CHILDREN, false),
};

/* ---- What must go on working ------------------------------------------------------------------
 */

static bool read_and_write_what_it_has(void)
{
	char byte = 0;

	return write(w.own, "x", 1) == 1 && recv(w.own, &byte, 1, 0) == 1 && byte == 'x';
}

static bool take_memory(void)
{
	char *p = malloc(8 << 20);
	bool got = p != NULL;

	if (got)
		memset(p, 1, 8 << 20);
	free(p);
	return got;
}

static bool know_the_time(void)
{
	struct timespec now;

	return did(syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now)) &&
	       did(syscall(SYS_clock_gettime, CLOCK_REALTIME, &now));
}

static bool have_chance(void)
{
	char byte;

	return syscall(SYS_getrandom, &byte, 1, 0) == 1;
}

static bool look_at_new_keys(void)
{
	struct tls *tls = NULL;
	char detail[256];
	bool can = tls_server_new(&tls, buf_bytes(&w.cert), buf_bytes(&w.key), detail) == ERR_OK;

	tls_free(tls);
	return can;
}

static bool know_its_limit_of_files(void)
{
	struct rlimit files;

	return did(getrlimit(RLIMIT_NOFILE, &files)) && did(setrlimit(RLIMIT_NOFILE, &files));
}

static bool write_the_log(void)
{
	log_setup("x", LOG_LEVEL_INFO);
	log_event(LOG_STARTED, F_TEXT("what", "a line from inside, as it should be"));
	return true;
}

static bool make_a_file_inside(void)
{
	int fd = open(w.put, O_RDWR | O_CREAT, 0600);
	char path[128];

	snprintf(path, sizeof path, "%s/backups/put", w.dir);
	return did(fd) && did(flock(fd, LOCK_EX)) && did(ftruncate(fd, 10)) && did(fsync(fd)) &&
	       did(rename(w.put, w.inside)) && did(unlink(w.inside)) &&
	       did(open(path, O_RDWR | O_CREAT, 0600)) && did(unlink(path));
}

static bool read_the_certificate(void)
{
	char path[128];
	struct statvfs vfs;

	snprintf(path, sizeof path, "%s/secrets/tls.crt", w.dir);
	return did(open(path, O_RDONLY)) && did(statvfs(w.dir, &vfs));
}

static void *nothing(void *arg)
{
	return arg;
}

static bool make_a_thread_of_its_own(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0;
}

static bool begin_children(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool read_settings_again(void)
{
	return did(open("/etc/passwd", O_RDONLY)) && did(open(w.outside, O_RDONLY));
}

static const struct thing allowed[] = {
    THING(read_and_write_what_it_has, EVERYWHERE, false),
    THING(take_memory, EVERYWHERE, false),
    THING(know_the_time, EVERYWHERE, false),
    THING(have_chance, EVERYWHERE, false),
    THING(look_at_new_keys, FRONT | SUPERVISOR, false),
    THING(know_its_limit_of_files, EVERYWHERE, false),
    THING(write_the_log, EVERYWHERE, false),
    THING(make_a_file_inside, CORE, false),
    THING(read_the_certificate, CORE, false),
    THING(make_a_thread_of_its_own, CORE, false),
    THING(open_local, CORE | SUPERVISOR, false),
    THING(begin_children, SUPERVISOR, false),
    THING(read_settings_again, SUPERVISOR, false),
#undef THING
};

/* ---- Inside ------------------------------------------------------------------------------------
 */

/* Runs in the process that is ready for its work. */
static void try_it(void)
{
	if (write(w.told, "r", 1) != 1)
		_exit(99);
	if (write(w.told, w.thing->works() ? "+" : "-", 1) != 1)
		_exit(99);
	_exit(0);
}

/* Where front_main() and core_main() would begin to serve. */
void __wrap_loop_run(struct loop *loop);
void __wrap_loop_run(struct loop *loop)
{
	(void)loop;
	try_it();
}

static void be_a_front(void)
{
	static const struct front_settings settings = {.connections_most = 10, .frames_burst = 1};
	int leash[2];
	struct front_start start = {
	    .listen_fds = &w.listener,
	    .nlisten = 1,
	    .number = 1,
	    .cert_pem = buf_bytes(&w.cert),
	    .key_pem = buf_bytes(&w.key),
	    .settings = &settings,
	};

	if (leash_pair(leash) != ERR_OK)
		_exit(98);
	start.leash_fd = leash[1];
	_exit(front_main(&start));
}

static void be_a_core(void)
{
	int leash[2];
	struct core_start start = {.dir = w.dir};

	if (leash_pair(leash) != ERR_OK)
		_exit(98);
	start.leash_fd = leash[1];
	_exit(core_main(&start));
}

static int core_of_the_supervisor(const struct supervisor_children *children, int leash)
{
	struct pollfd p = {.fd = leash, .events = 0};

	(void)children;
	if (leash_send(leash, LEASH_READY, bytes_of("", 0), -1) != ERR_OK)
		return 99;
	while ((p.revents & POLLHUP) == 0)
		(void)poll(&p, 1, -1);
	return 0;
}

static int front_of_the_supervisor(const struct supervisor_children *children,
				   const struct front_start *start)
{
	(void)start;
	return core_of_the_supervisor(children, start->leash_fd);
}

static void on_serving(const struct supervisor_start *start, struct bytes cert_pem)
{
	(void)start;
	(void)cert_pem;
	try_it();
}

/* Where it would hash. */
void __wrap_password_do(struct password_task *t);
void __wrap_password_do(struct password_task *t)
{
	(void)t;
	try_it();
}

/* A process of this one, which keeps nothing but where the log goes; this one ends as it does. */
static void be_a_hasher(void)
{
	static char password[] = "a password";
	struct password_task t = {.what = PASSWORD_CHECK, .password = password};
	struct hasher *h;
	int status;

	if (dup2(w.told, STDERR_FILENO) != STDERR_FILENO)
		_exit(98);
	w.told = STDERR_FILENO;
	if ((h = hasher_start()) == NULL)
		_exit(98);
	(void)hasher_do(h, &t);
	if (waitpid(hasher_pid(h), &status, 0) != hasher_pid(h))
		_exit(98);
	if (WIFSIGNALED(status)) {
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

static void be_a_supervisor(void)
{
	static const struct supervisor_children children = {core_of_the_supervisor,
							    front_of_the_supervisor};
	static const struct front_settings settings = {.connections_most = 10, .frames_burst = 1};
	char cert[128], key[128];
	const struct supervisor_start start = {
	    .children = &children,
	    .listen_fds = &w.listener,
	    .nlisten = 1,
	    .cert_file = cert,
	    .key_file = key,
	    .nfronts = 1,
	    .front = &settings,
	    .log_level = LOG_LEVEL_OFF,
	    .on_serving = on_serving,
	};

	snprintf(cert, sizeof cert, "%s/secrets/tls.crt", w.dir);
	snprintf(key, sizeof key, "%s/secrets/tls.key", w.dir);
	_exit(supervisor_run(&start));
}

static const struct {
	enum inside where, as; /* the same is forbidden to it as to that one */
	const char *name;
	void (*be)(void);
} processes[] = {
    {FRONT, FRONT, "front", be_a_front},
    {CORE, CORE, "core", be_a_core},
    {SUPERVISOR, SUPERVISOR, "supervisor", be_a_supervisor},
    {HASHER, FRONT, "hasher", be_a_hasher},
};

/* ---- The test -----------------------------------------------------------------------------------
 */

static void put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "here", 4), 4);
	close(fd);
}

static void give_files(void)
{
	put_file(w.outside);
	put_file(w.inside);
	(void)unlink(w.moved);
	if (w.thing->works == link_a_file_in || w.thing->works == link_by_name ||
	    w.thing->works == make_a_device)
		(void)unlink(w.put);
	else
		put_file(w.put);
}

static void in_child(void (*be)(void), int told)
{
	int own[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, own) != 0 || write(own[1], "x", 1) != 1 ||
	    listen_open("127.0.0.1", 0, &w.listener) != ERR_OK)
		_exit(97);
	w.own = own[0];
	w.told = told;
	log_setup("x", LOG_LEVEL_OFF);
	be();
}

/* Tries THING in such a process.  Returns '+': it worked, '-': it was refused, 'x': the process
 * died of it. */
static char outcome(const struct thing *thing, void (*be)(void))
{
	char said[3] = "";
	size_t n = 0;
	ssize_t got;
	int told[2], status;
	pid_t pid;

	w.thing = thing;
	give_files();
	assert_int_equal(pipe(told), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(told[0]);
		in_child(be, told[1]);
	}
	assert_true(pid > 0);
	close(told[1]);
	while (n < 2 && (got = read(told[0], said + n, 2 - n)) > 0)
		n += (size_t)got;
	close(told[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (said[0] != 'r')
		fail_msg("%s: the process was not ready (status %x)", thing->name, status);
	if (n == 2)
		return said[1];
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("%s: it ended with %x", thing->name, status);
	return 'x';
}

/* Returns how many were tried. */
static unsigned try_all(const struct thing *things, size_t n, enum inside where, bool may)
{
	unsigned tried = 0, wrong = 0, died = 0;
	size_t i, p;
	char how;

	for (p = 0; processes[p].where != where; p++)
		;
	for (i = 0; i < n; i++) {
		if ((things[i].where & processes[p].as) == 0)
			continue;
		if (where == CORE && things[i].by_landlock && !may && landlock_version() == 0) {
			print_message("no Landlock here: %s is not tried\n", things[i].name);
			continue;
		}
		tried++;
		how = outcome(&things[i], processes[p].be);
		died += how == 'x';
		if ((how == '+') == may)
			continue;
		wrong++;
		print_error("%s: %s %s\n", processes[p].name, things[i].name,
			    may ? "does not work" : "works");
	}
	if (!may)
		print_message("%s: %u forbidden things tried, it died of %u\n", processes[p].name,
			      tried, died);
	assert_int_equal(wrong, 0);
	return tried;
}

static void a_front_that_is_taken_over_can_do_nothing_new(void **state)
{
	(void)state;
	assert_true(try_all(forbidden, COUNT(forbidden), FRONT, false) >= 40);
}

static void a_front_can_do_its_work(void **state)
{
	(void)state;
	assert_true(try_all(allowed, COUNT(allowed), FRONT, true) > 0);
}

static void a_hasher_that_is_taken_over_can_do_nothing_new(void **state)
{
	(void)state;
	assert_true(try_all(forbidden, COUNT(forbidden), HASHER, false) >= 40);
}

static void a_core_that_is_taken_over_has_its_folder_and_no_more(void **state)
{
	(void)state;
	assert_true(try_all(forbidden, COUNT(forbidden), CORE, false) >= 40);
}

static void a_core_can_do_its_work(void **state)
{
	(void)state;
	assert_true(try_all(allowed, COUNT(allowed), CORE, true) > 0);
}

static void a_supervisor_starts_no_program_and_has_no_power_over_the_machine(void **state)
{
	(void)state;
	assert_true(try_all(forbidden, COUNT(forbidden), SUPERVISOR, false) >= 20);
}

static void a_supervisor_can_do_its_work(void **state)
{
	(void)state;
	assert_true(try_all(allowed, COUNT(allowed), SUPERVISOR, true) > 0);
}

/* In a process of its own: what Landlock alone leaves of the files. */
static int files_left(void)
{
	const struct confine_place places[] = {{w.dir, CONFINE_READ}, {NULL, CONFINE_READ}};
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || landlock_confine(places, 2, NULL) <= 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	if (open(w.inside, O_WRONLY) >= 0 || errno != EACCES)
		return 3;
	if ((fd = open(w.inside, O_RDONLY)) < 0)
		return 4;
	return landlock_confine(NULL, 0, NULL) > 0 && open(w.inside, O_RDONLY) < 0 ? 0 : 5;
}

static void landlock_alone_leaves_the_places_that_were_named(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (landlock_version() == 0) {
		print_message("no Landlock here\n");
		skip();
	}
	put_file(w.inside);
	fflush(NULL);
	if ((pid = fork()) == 0)
		_exit(files_left());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- The world
 * ----------------------------------------------------------------------------------- */

static int world_begins(void **state)
{
	static const char *const names[] = {"localhost"};
	struct init_order order = {
	    .admin = "root", .names = names, .nnames = 1, .install = install_make};
	struct init_result result;
	const char *what;

	(void)state;
	w.test = getpid();
	snprintf(w.above, sizeof w.above, "/tmp/examd-confine-XXXXXX");
	if (mkdtemp(w.above) == NULL)
		return -1;
	snprintf(w.dir, sizeof w.dir, "%s/d", w.above);
	snprintf(w.outside, sizeof w.outside, "%s/outside", w.above);
	snprintf(w.moved, sizeof w.moved, "%s/moved", w.above);
	snprintf(w.inside, sizeof w.inside, "%s/inside", w.dir);
	snprintf(w.put, sizeof w.put, "%s/put", w.dir);
	order.dir = w.dir;
	return init_make(&order, &result, &what) == ERR_OK &&
		       tls_make_self_signed(names, 1, 10, &w.cert, &w.key) == ERR_OK
		   ? 0
		   : -1;
}

static int world_ends(void **state)
{
	char *command = mem_printf("rm -r %s", w.above);
	int failed = system(command);

	(void)state;
	free(command);
	buf_fini(&w.cert);
	buf_fini(&w.key);
	return failed;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_front_that_is_taken_over_can_do_nothing_new),
	    cmocka_unit_test(a_front_can_do_its_work),
	    cmocka_unit_test(a_hasher_that_is_taken_over_can_do_nothing_new),
	    cmocka_unit_test(a_core_that_is_taken_over_has_its_folder_and_no_more),
	    cmocka_unit_test(a_core_can_do_its_work),
	    cmocka_unit_test(a_supervisor_starts_no_program_and_has_no_power_over_the_machine),
	    cmocka_unit_test(a_supervisor_can_do_its_work),
	    cmocka_unit_test(landlock_alone_leaves_the_places_that_were_named),
	};

	return cmocka_run_group_tests(tests, world_begins, world_ends);
}
