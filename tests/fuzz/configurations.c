/* examd.yaml. */
#include "daemon/config_file.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = {0};
	struct buf text = {0};
	struct config c;

	if (size > CONFIG_FILE_MOST)
		return 0;
	config_init(&c);
	config_file_read(&c, "examd.yaml", bytes_of(data, size), &diag);
	diag_sort(&diag);
	diag_print(&diag, &text);
	buf_fini(&text);
	config_fini(&c);
	diag_fini(&diag);
	return 0;
}
