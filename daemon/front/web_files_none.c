/* A build without the web client: one page that says so. */
#include "daemon/front/web_files.h"

static const char page[] =
    "<!doctype html><html lang=en><meta charset=utf-8><title>examd</title>"
    "<p>This examd was built without its web client. Use the terminal client: "
    "<code>exam HOST:PORT</code>.\n";

const struct web_file web_files[] = {
    {"/", "text/html; charset=utf-8", NULL, false, (const uint8_t *)page,
     (const uint8_t *)page + sizeof page - 1},
};
const size_t nweb_files = 1;
