/* Reading a file of vectors in a test: whatever is not as expected fails the test. */
#ifndef GROUPSIG_VECTORS_H
#define GROUPSIG_VECTORS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* The file named on the command line, or tests/vectors/NAME; NULL after a message. */
json_object *vectors_load(int argc, char **argv, const char *name);

json_object *vectors_get(json_object *object, const char *name);
json_object *vectors_get_array(json_object *object, const char *name);
/* A string member. */
const char *vectors_get_text(json_object *object, const char *name, size_t *len);
/* An unknown member is a kind of vector that the test would leave out: fails. NULL ends known. */
void vectors_check_members(json_object *object, const char *const known[]);

/* Lower-case hex of at most cap bytes; returns how many. */
size_t vectors_decode_hex(json_object *value, uint8_t *out, size_t cap);
/* A member in hex of exactly len bytes. */
void vectors_get_hex(json_object *object, const char *name, uint8_t *out, size_t len);
/* got must be the member's bytes. */
void vectors_assert_hex(json_object *object, const char *name, const uint8_t *got, size_t len);
/* A member in base64 of exactly len bytes. */
void vectors_get_base64(json_object *object, const char *name, uint8_t *out, size_t len);

#endif
