/*
 * jansson as the gate of the strict parser: unlike json-c it refuses duplicate keys, U+0000 and
 * lone surrogates. Its result is thrown away; json-c then keeps the value with its number literals.
 */
#include "record/json_gate.h"

#include <jansson.h>

static const char *reason(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_stack_overflow:
        return "nested too deeply";
    case json_error_invalid_utf8:
        return "invalid UTF-8";
    case json_error_premature_end_of_input:
        return "ends too early";
    case json_error_end_of_input_expected:
        return "bytes after the end";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "U+0000 in a text";
    case json_error_duplicate_key:
        return "a key stands twice in one object";
    case json_error_numeric_overflow:
        return "a number out of range";
    default:
        return "malformed";
    }
}

enum galen_err record_json_gate(const char *text, size_t len, struct galen_errinfo *info)
{
    json_error_t error;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL && json_error_code(&error) == json_error_out_of_memory)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (value == NULL) /* error.text would quote the input, so only its kind and place are told */
        return base_fail(info, GALEN_ERR_PARSE, "not valid JSON: %s (line %d, column %d)",
                         reason(&error), error.line, error.column);
    json_decref(value);
    return GALEN_OK;
}
