/*
 * Sign-In with Ethereum (EIP-4361): the message, read strictly in its one order of lines,
 *
 *     HOST wants you to sign in with your Ethereum account:
 *     0xADDRESS
 *
 *     [STATEMENT
 *     ]
 *     URI: …
 *     Version: 1
 *     Chain ID: N
 *     Nonce: …
 *     Issued At: TIME
 *     [Expiration Time: TIME] [Not Before: TIME] [Request ID: …] [Resources: …]
 *
 * and the wallet's personal_sign over it.
 */
#include <string.h>

#include "node/internal.h"

#define MESSAGE_MAX 4096
#define SKEW_S      300 /* that clocks may differ */

/* The next line, without its newline; NULL at the end. Cuts text up. */
static char *next_line(char **at)
{
    char *line = *at;
    if (line == NULL)
        return NULL;
    char *end = strchr(line, '\n');
    if (end != NULL)
        *end = '\0';
    *at = end != NULL ? end + 1 : NULL;
    return line;
}

/* What follows "Name: ", or NULL. */
static const char *field(const char *line, const char *name)
{
    size_t len = strlen(name);
    return line != NULL && strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0
               ? line + len + 2
               : NULL;
}

static enum galen_err malformed(struct galen_errinfo *info, const char *what)
{
    return base_fail(info, GALEN_ERR_PARSE, "the sign-in message has no good %s (EIP-4361)", what);
}

struct siwe {
    struct chain_address address;
    char *host;
    const char *uri, *version, *chain, *nonce, *issued, *expires, *begins;
};

static enum galen_err parse(struct siwe *out, char *text, struct galen_errinfo *info)
{
    static const char wants[] = " wants you to sign in with your Ethereum account:";
    char *at = text;
    char *line = next_line(&at);
    size_t len = line != NULL ? strlen(line) : 0;
    if (len <= sizeof wants - 1 || strcmp(line + len - (sizeof wants - 1), wants) != 0)
        return malformed(info, "first line");
    line[len - (sizeof wants - 1)] = '\0';
    out->host = line;
    line = next_line(&at);
    if (line == NULL || chain_address_parse(&out->address, line, NULL) != GALEN_OK)
        return malformed(info, "address");
    line = next_line(&at);
    if (line == NULL || line[0] != '\0')
        return malformed(info, "empty line after the address");
    line = next_line(&at);
    /* A statement is one line, with an empty one after it; without it that line is empty. */
    if (line != NULL && line[0] != '\0' && field(line, "URI") == NULL)
        line = next_line(&at);
    if (line != NULL && line[0] == '\0')
        line = next_line(&at);
    const struct {
        const char *name;
        const char **value;
        bool is_needed;
    } fields[] = {
        {"URI", &out->uri, true},
        {"Version", &out->version, true},
        {"Chain ID", &out->chain, true},
        {"Nonce", &out->nonce, true},
        {"Issued At", &out->issued, true},
        {"Expiration Time", &out->expires, false},
        {"Not Before", &out->begins, false},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        *fields[i].value = field(line, fields[i].name);
        if (*fields[i].value != NULL)
            line = next_line(&at);
        else if (fields[i].is_needed)
            return malformed(info, fields[i].name);
    }
    if (field(line, "Request ID") != NULL)
        line = next_line(&at);
    if (line != NULL && strcmp(line, "Resources:") != 0 && line[0] != '\0')
        return malformed(info, "end");
    return GALEN_OK;
}

static enum galen_err check_times(const struct siwe *siwe, int64_t now, struct galen_errinfo *info)
{
    int64_t issued = 0, expires = 0, begins = 0;
    GALEN_TRY(base_time_parse(&issued, siwe->issued, info));
    if (siwe->expires != NULL)
        GALEN_TRY(base_time_parse(&expires, siwe->expires, info));
    if (siwe->begins != NULL)
        GALEN_TRY(base_time_parse(&begins, siwe->begins, info));
    if (issued > now + SKEW_S || (siwe->begins != NULL && begins > now + SKEW_S))
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message is of the future");
    if (siwe->expires != NULL && expires <= now)
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message has expired");
    return GALEN_OK;
}

enum galen_err siwe_verify(struct node *node, struct chain_address *who, const char *message,
                           const uint8_t sig65[65], const char *host, int64_t now_s,
                           struct galen_errinfo *info)
{
    struct siwe siwe = {0};
    char chain[24];
    uint8_t digest32[32];
    struct chain_address signer;
    size_t len = strlen(message);
    if (len > MESSAGE_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the sign-in message is too long");
    BASE_TEXT_AUTO text = strdup(message);
    if (text == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(parse(&siwe, text, info));
    snprintf(chain, sizeof chain, "%llu", (unsigned long long)node->chain_id);
    /* The nonce goes first and is gone: whatever else is wrong, the message is not tried again. */
    if (!session_nonce_take(node, siwe.nonce))
        return base_fail(info, GALEN_ERR_CHECK, "the nonce is not one that was given, or too old");
    if (strcmp(siwe.host, host) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message is for another site");
    const char *origin = strstr(siwe.uri, "://");
    size_t host_len = strlen(host);
    if (origin == NULL || strncmp(origin + 3, host, host_len) != 0 ||
        (origin[3 + host_len] != '\0' && origin[3 + host_len] != '/'))
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message's URI is another site's");
    if (strcmp(siwe.version, "1") != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message is of another version");
    if (strcmp(siwe.chain, chain) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the sign-in message is for another chain");
    GALEN_TRY(check_times(&siwe, now_s, info));
    chain_digest_personal(digest32, message, len);
    if (chain_recover(&signer, digest32, sig65, NULL) != GALEN_OK ||
        !chain_address_equal(&signer, &siwe.address))
        return base_fail(info, GALEN_ERR_CHECK, "the wallet's signature does not hold");
    *who = signer;
    return GALEN_OK;
}
