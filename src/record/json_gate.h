/* The gate of the strict parser. Apart from internal.h because jansson.h and json-c's headers
 * cannot be read together. */
#ifndef GALEN_RECORD_JSON_GATE_H
#define GALEN_RECORD_JSON_GATE_H

#include "base/base.h"

/* Is this one JSON text without duplicate keys, U+0000 or lone surrogates? PARSE when not, with the
 * line and column. */
enum galen_err record_json_gate(const char *text, size_t len, struct galen_errinfo *info);

#endif
