/* Completion for bash, made from the tables of commands and options. */
#include "client/ctl/handlers.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"

/* What every command takes: the first options of the table. */
static const char *const for_all[] = {"help",	 "json",    "server",	     "user",
				      "pin",	 "ca-file", "password-file", "password-fd",
				      "session", "timeout"};

/* WORDS, with a space between, as options. */
static void put_options(const char *words)
{
	size_t len;

	for (; *words != '\0'; words += len) {
		words += strspn(words, " ");
		if ((len = strcspn(words, " ")) > 0)
			printf(" --%.*s", (int)len, words);
	}
}

int completion_bash(struct ctl *ctl)
{
	size_t i;

	(void)ctl;
	puts("# Completion of examctl for bash; made by: examctl completion bash\n"
	     "declare -gA _examctl_options=(");
	for (i = 0; i < ncommands; i++) {
		printf("\t['%s']='", commands[i].words);
		put_options(commands[i].options);
		puts("'");
	}
	printf(")\n_examctl_for_all='");
	for (i = 0; i < COUNT(for_all); i++)
		put_options(for_all[i]);
	puts("'\n"
	     "_examctl()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} key words= command= i\n"
	     "\tlocal -a said=()\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\t[[ ${COMP_WORDS[i]} == -* ]] || said+=(\"${COMP_WORDS[i]}\")\n"
	     "\tdone\n"
	     "\tfor key in \"${!_examctl_options[@]}\"; do\n"
	     "\t\tif [[ $key == \"${said[*]:0:2}\" || $key == \"${said[0]-}\" ]]; then\n"
	     "\t\t\t((${#key} > ${#command})) && command=$key\n"
	     "\t\tfi\n"
	     "\t\tif ((${#said[@]} == 0)); then\n"
	     "\t\t\twords+=\" ${key%% *}\"\n"
	     "\t\telif ((${#said[@]} == 1)) && [[ $key == \"${said[0]} \"* ]]; then\n"
	     "\t\t\twords+=\" ${key#* }\"\n"
	     "\t\tfi\n"
	     "\tdone\n"
	     "\t[[ $cur != -* ]] || words=\"${_examctl_options[${command:-none}]-} "
	     "$_examctl_for_all\"\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\" | sort -u)\n"
	     "\tif ((${#COMPREPLY[@]} == 0)) && [[ -n $command ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -o filenames -F _examctl examctl");
	return EXIT_DONE;
}
