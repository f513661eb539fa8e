/* Growable byte buffers. Old storage is wiped, since any of it may have held plaintext. */
#include "base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void base_buf_clear(struct base_buf *buf)
{
    if (buf == NULL)
        return;
    if (buf->data != NULL)
        base_wipe(buf->data, buf->cap);
    free(buf->data);
    *buf = (struct base_buf){0};
}

enum galen_err base_buf_reserve(struct base_buf *buf, size_t more_bytes)
{
    if (more_bytes >= SIZE_MAX / 2 - buf->len)
        return GALEN_ERR_NOMEM;
    size_t need = buf->len + more_bytes + 1; /* the NUL */
    if (need <= buf->cap)
        return GALEN_OK;
    size_t cap = buf->cap < 64 ? 64 : buf->cap;
    while (cap < need)
        cap += cap / 2;
    uint8_t *data = malloc(cap);
    if (data == NULL)
        return GALEN_ERR_NOMEM;
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->len);
        base_wipe(buf->data, buf->cap);
        free(buf->data);
    }
    data[buf->len] = 0;
    buf->data = data;
    buf->cap = cap;
    return GALEN_OK;
}

enum galen_err base_buf_append(struct base_buf *buf, const void *data, size_t len)
{
    GALEN_TRY(base_buf_reserve(buf, len));
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = 0;
    return GALEN_OK;
}

enum galen_err base_buf_append_text(struct base_buf *buf, const char *text)
{
    return base_buf_append(buf, text, strlen(text));
}

enum galen_err base_buf_printf(struct base_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum galen_err err = len < 0 ? GALEN_ERR_INTERNAL : base_buf_reserve(buf, (size_t)len);
    if (err == GALEN_OK) {
        vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return err;
}

enum galen_err base_buf_append_u32be(struct base_buf *buf, uint32_t value)
{
    uint8_t bytes[4];
    base_put_u32be(bytes, value);
    return base_buf_append(buf, bytes, sizeof bytes);
}

void base_buf_move(struct base_buf *dst, struct base_buf *src)
{
    GALEN_ASSERT(dst != src);
    base_buf_clear(dst);
    *dst = *src;
    *src = (struct base_buf){0};
}

void base_text_free(char **text)
{
    free(*text);
    *text = NULL;
}

void base_put_u32be(uint8_t out4[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out4[i] = (uint8_t)(value >> (24 - 8 * i));
}

void base_put_u64be(uint8_t out8[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out8[i] = (uint8_t)(value >> (56 - 8 * i));
}
