/* The box through which a test and the two shims (diskfault.c, clockshift.c) talk: a file mapped by
 * both, so a daemon that runs can be switched, its children inherit it over fork(), and it costs no
 * system call that a filter could forbid.  faultbox.py is its other side: change both together. */
#ifndef TESTS_FAULTS_DISKFAULT_H
#define TESTS_FAULTS_DISKFAULT_H

#include <stdatomic.h>
#include <stdint.h>

#define FAULT_BOX_MAGIC 0x66617531u

enum fault_operation { FAULT_WRITE = 1, FAULT_SYNC = 2 }; /* bits */

enum fault_action {
	FAULT_NONE = 0,
	FAULT_EIO = 1,
	FAULT_ENOSPC = 2,
	FAULT_SHORT = 3, /* half of the bytes are written, and the count says so; a sync: EIO */
	FAULT_TORN = 4,	 /* half of the bytes are written, then EIO; a sync: done, then EIO */
	FAULT_STALL = 5, /* done after .stall_ms */
	/* What was written since the last sync is taken back: */
	FAULT_LOST = 6,	 /* of this file, as the kernel does when writing back fails; then EIO */
	FAULT_POWER = 7, /* of all files, and the process ends at once: a loss of power */
};

struct fault_box {
	uint32_t magic;
	_Atomic uint32_t operations; /* which ones are counted in .seen: bits */
	_Atomic uint32_t action;     /* what happens at number .at */
	_Atomic uint32_t lasting;    /* and at every later one, too */
	_Atomic uint64_t at;	     /* from 1 */
	_Atomic uint64_t stall_ms;
	_Atomic uint64_t seen, fired;	  /* counted by the shim */
	_Atomic uint64_t writes, syncs;	  /* all of them, likewise */
	_Atomic int64_t wall_ms, mono_ms; /* added to the clocks by clockshift.c */
};

#endif
