/* Answers: JSON, and RFC 9457 problem details. */
#include "node/internal.h"

#include <string.h>

static void set_text(struct node_response *response, unsigned status, const char *type,
                     const char *text)
{
    response->status = status;
    response->type = type;
    base_buf_clear(&response->body);
    if (base_buf_append_text(&response->body, text) != GALEN_OK)
        response->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
}

void response_file(struct node_response *response, const char *type, const char *name)
{
    response->status = MHD_HTTP_OK;
    response->type = type;
    snprintf(response->download, sizeof response->download, "%s", name);
}

void response_json(struct node_response *response, unsigned status, struct json_object *value)
{
    set_text(response, status, "application/json",
             json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    if (value != NULL && json_object_object_add(object, key, value) != 0)
        json_object_put(value);
}

/* type stays about:blank: code is what a program goes by. */
static void problem(struct node_response *response, unsigned status, const char *title,
                    const char *code, const char *what, const char *hint,
                    struct json_object **intent)
{
    RECORD_JSON_AUTO details = json_object_new_object();
    response->type = "application/problem+json";
    if (details == NULL) {
        response->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        return;
    }
    add(details, "type", json_object_new_string("about:blank"));
    add(details, "title", json_object_new_string(title));
    add(details, "status", json_object_new_int64((int64_t)status));
    add(details, "code", json_object_new_string(code));
    add(details, "detail", json_object_new_string(what));
    if (hint != NULL && hint[0] != '\0')
        add(details, "hint", json_object_new_string(hint));
    if (intent != NULL && *intent != NULL) {
        add(details, "intent", *intent);
        *intent = NULL;
    }
    response_json(response, status, details);
    response->type = "application/problem+json";
}

static unsigned status_of(enum galen_err err)
{
    switch (err) {
    case GALEN_OK:
        return MHD_HTTP_OK;
    case GALEN_ERR_USAGE:
    case GALEN_ERR_PARSE:
        return MHD_HTTP_BAD_REQUEST;
    case GALEN_ERR_LIMIT:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case GALEN_ERR_PASSWORD:
        return MHD_HTTP_UNAUTHORIZED;
    case GALEN_ERR_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case GALEN_ERR_CHECK:
    case GALEN_ERR_REVERTED:
    case GALEN_ERR_FUNDS:
    case GALEN_ERR_UNSUPPORTED:
        return MHD_HTTP_UNPROCESSABLE_CONTENT;
    case GALEN_ERR_EXISTS:
    case GALEN_ERR_STATE:
    case GALEN_ERR_WALLET:
    case GALEN_ERR_CONFIG:
        return MHD_HTTP_CONFLICT;
    case GALEN_ERR_NETWORK:
        return MHD_HTTP_BAD_GATEWAY;
    case GALEN_ERR_IO:
    case GALEN_ERR_DB:
    case GALEN_ERR_NOMEM:
    case GALEN_ERR_INTERNAL:
        break;
    }
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

void response_problem(struct node_response *response, enum galen_err err,
                      const struct galen_errinfo *why)
{
    unsigned status = status_of(err);
    const char *what = why != NULL && why->what[0] != '\0' ? why->what : galen_err_name(err);
    problem(response, status, MHD_get_reason_phrase_for(status), galen_err_name(err), what,
            why != NULL ? why->hint : NULL, NULL);
}

void response_wallet(struct node_response *response, struct workflow *wf,
                     const struct galen_errinfo *why)
{
    RECORD_JSON_AUTO intent = NULL;
    const unsigned status = status_of(GALEN_ERR_WALLET);
    (void)!workflow_wanted_intent(wf, &intent, NULL);
    problem(response, status, MHD_get_reason_phrase_for(status), galen_err_name(GALEN_ERR_WALLET),
            why->what, why->hint, &intent);
}

void response_status(struct node_response *response, unsigned status, const char *what,
                     const char *hint)
{
    static const struct {
        unsigned status;
        const char *code;
    } codes[] = {
        {MHD_HTTP_UNAUTHORIZED, "unauthorized"}, {MHD_HTTP_FORBIDDEN, "forbidden"},
        {MHD_HTTP_NOT_FOUND, "not-found"},       {MHD_HTTP_METHOD_NOT_ALLOWED, "method"},
        {MHD_HTTP_CONTENT_TOO_LARGE, "limit"},   {MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "media-type"},
        {MHD_HTTP_MISDIRECTED_REQUEST, "host"},  {MHD_HTTP_TOO_MANY_REQUESTS, "rate"},
        {MHD_HTTP_SERVICE_UNAVAILABLE, "busy"},
    };
    const char *code = "error";
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            code = codes[i].code;
    problem(response, status, MHD_get_reason_phrase_for(status), code, what, hint, NULL);
}
