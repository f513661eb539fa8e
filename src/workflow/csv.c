/* Tables for other programs: RFC 4180, every cell quoted. */
#include "workflow/internal.h"

#include <string.h>

/* A spreadsheet takes a text that begins so for a formula, and would run what a stranger wrote. */
static bool is_formula(const char *text)
{
    if (text[0] == '\0' || strchr("=+-@\t\r", text[0]) == NULL)
        return false;
    return text[0] != '-' || text[1] == '\0' || strspn(text + 1, "0123456789.") != strlen(text + 1);
}

static enum galen_err append_cell(struct base_buf *out, const char *text)
{
    GALEN_TRY(base_buf_append_text(out, is_formula(text) ? "\"'" : "\""));
    for (; *text != '\0'; text++) {
        if (*text == '"')
            GALEN_TRY(base_buf_append_text(out, "\""));
        GALEN_TRY(base_buf_append(out, text, 1));
    }
    return base_buf_append_text(out, "\"");
}

enum galen_err workflow_csv_row(struct base_buf *out, const char *const *cells, size_t n,
                                struct galen_errinfo *info)
{
    for (size_t i = 0; i < n; i++) {
        if ((i > 0 && base_buf_append_text(out, ",") != GALEN_OK) ||
            append_cell(out, cells[i] != NULL ? cells[i] : "") != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    return base_buf_append_text(out, "\r\n") == GALEN_OK
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}
