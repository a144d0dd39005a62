/* To preload where valgrind knows no filter of system calls (nor Landlock): none is made.  For
 * valgrind.sh alone; what the filters forbid is tested elsewhere. */
void *seccomp_init(void);
void seccomp_release(void);
int seccomp_attr_set(void);
int seccomp_rule_add_array(void);
int seccomp_load(void);

void *seccomp_init(void)
{
	static int none;

	return &none;
}

void seccomp_release(void)
{
}

int seccomp_attr_set(void)
{
	return 0;
}

int seccomp_rule_add_array(void)
{
	return 0;
}

int seccomp_load(void)
{
	return 0;
}
