/* JSON Pointers (RFC 6901) and the shapes of single texts. */
#include "record/internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const record_list_names[RECORD_LISTS + 1] = {"diagnosis", "treatment", "medications",
                                                         "lab_results", NULL};

enum galen_err record_path_push(struct record_path *path, const char *token,
                                struct galen_errinfo *info)
{
    size_t at = path->len;
    const char *part = "/";
    for (const char *next = token;; next++) {
        size_t len = part[0] == '~' ? 2 : 1;
        if (at + len > RECORD_MAX_PATH_BYTES) {
            path->text[path->len] = '\0';
            return base_fail(info, GALEN_ERR_LIMIT, "a path longer than %d bytes",
                             RECORD_MAX_PATH_BYTES);
        }
        memcpy(path->text + at, part, len);
        at += len;
        if (*next == '\0')
            break;
        part = *next == '~' ? "~0" : *next == '/' ? "~1" : next;
    }
    path->len = at;
    path->text[at] = '\0';
    return GALEN_OK;
}

enum galen_err record_path_push_index(struct record_path *path, size_t index,
                                      struct galen_errinfo *info)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", index);
    return record_path_push(path, digits, info);
}

void record_path_cut(struct record_path *path, size_t len)
{
    path->len = len;
    path->text[len] = '\0';
}

bool record_pointer_ok(const char *path)
{
    size_t len = strlen(path);
    if (path[0] != '/' || len > RECORD_MAX_PATH_BYTES || !record_utf8_ok(path, len))
        return false;
    for (const char *c = strchr(path, '~'); c != NULL; c = strchr(c + 1, '~')) {
        if (c[1] != '0' && c[1] != '1')
            return false;
    }
    return true;
}

bool record_pointer_covers(const char *prefix, const char *path)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static const char *skip_digits(const char *at)
{
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

bool record_is_decimal(const char *text)
{
    if (strlen(text) > 64 || !isfinite(strtod(text, NULL)))
        return false;
    if (*text == '-')
        text++;
    if (!isdigit((unsigned char)*text) || (text[0] == '0' && isdigit((unsigned char)text[1])))
        return false;
    text = skip_digits(text);
    if (*text == '.') {
        if (!isdigit((unsigned char)text[1]))
            return false;
        text = skip_digits(text + 1);
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '+' || *text == '-')
            text++;
        if (!isdigit((unsigned char)*text))
            return false;
        text = skip_digits(text);
    }
    return *text == '\0';
}

bool record_is_date(const char *text)
{
    static const char month_day[] = "-01-01T00:00:00Z";
    char full[40];
    size_t len = strlen(text);
    int64_t unused;
    if (len != 4 && len != 7 && len != 10 && (len < 20 || len >= sizeof full))
        return false;
    /* A partial date is good when its completion is. */
    memcpy(full, text, len + 1);
    if (len <= 10)
        memcpy(full + len, month_day + (len - 4), sizeof month_day - (len - 4));
    return strncmp(text, "0000", 4) != 0 && base_time_parse(&unused, full, NULL) == GALEN_OK;
}

bool record_is_address(const char *text)
{
    return strncmp(text, "0x", 2) == 0 && strlen(text) == RECORD_ADDRESS_TEXT - 1 &&
           strspn(text + 2, "0123456789abcdefABCDEF") == 40;
}

static bool one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

bool record_is_gender(const char *text)
{
    static const char *const genders[] = {"male", "female", "other", "unknown", NULL};
    return one_of(text, genders);
}

bool record_is_comparator(const char *text)
{
    static const char *const comparators[] = {"<", "<=", ">=", ">", NULL};
    return one_of(text, comparators);
}

bool record_is_index(const char *token)
{
    size_t len = strlen(token);
    return len >= 1 && len <= 9 && strspn(token, "0123456789") == len &&
           (token[0] != '0' || len == 1);
}

size_t record_count_leaves(json_object *value)
{
    size_t count = 0;
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            count += record_count_leaves(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            count += record_count_leaves(json_object_array_get_idx(value, i));
    } else {
        count = 1;
    }
    return count;
}
