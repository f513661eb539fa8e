/* galen groupsig: what the options hold, and how results leave. */
#include "cli/groupsig.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int fill_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    base_random(out, len);
    return 0;
}
const struct groupsig_rng cli_gs_rng = {fill_random, NULL};

enum galen_err cli_gs_fail(enum groupsig_status status, const char *what,
                           struct galen_errinfo *info)
{
    switch (status) {
    case GROUPSIG_OK:
        return GALEN_OK;
    case GROUPSIG_ERR_PARSE:
        return base_fail(info, GALEN_ERR_PARSE, "%s: malformed", what);
    case GROUPSIG_ERR_INVALID:
        return base_fail(info, GALEN_ERR_CHECK, "%s: does not hold", what);
    case GROUPSIG_ERR_MISMATCH:
        return base_fail(info, GALEN_ERR_CHECK, "%s: of another group, signature or manager", what);
    case GROUPSIG_ERR_NOT_OWN:
        return base_fail(info, GALEN_ERR_CHECK, "%s: the signature was not made with this key",
                         what);
    case GROUPSIG_ERR_LIMIT:
        return base_fail(info, GALEN_ERR_LIMIT, "%s: 2 to %d signatures, none of them twice", what,
                         GROUPSIG_LINK_MAX);
    case GROUPSIG_ERR_RNG:
        break;
    }
    return base_fail(info, GALEN_ERR_INTERNAL, "%s: no randomness", what);
}

enum galen_err cli_gs_profile(const struct cli *cli, bool *classic, struct galen_errinfo *info)
{
    const char *profile = cli_option(cli, "profile");
    if (profile != NULL && strcmp(profile, "cpy06-g1") != 0 &&
        strcmp(profile, "cpy06-classic") != 0)
        return base_fail(info, GALEN_ERR_USAGE, "--profile is cpy06-g1 or cpy06-classic");
    *classic = profile != NULL && strcmp(profile, "cpy06-classic") == 0;
    return GALEN_OK;
}

enum galen_err cli_gs_need_g1(const struct cli *cli, struct galen_errinfo *info)
{
    bool classic = false;
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return base_fail(info, GALEN_ERR_USAGE, "the profile cpy06-classic has no %s here",
                         cli->command->verb);
    return GALEN_OK;
}

enum galen_err cli_gs_refuse(const struct cli *cli, const char *const options[],
                             struct galen_errinfo *info)
{
    for (; *options != NULL; options++)
        if (cli_option(cli, *options) != NULL)
            return base_fail(info, GALEN_ERR_USAGE, "--%s has no meaning in this profile",
                             *options);
    return GALEN_OK;
}

/* ---- texts and bytes ------------------------------------------------------------------------------ */

/* The plain encodings of secret keys. */
static bool is_secret(const struct base_buf *bytes)
{
    static const size_t sizes[] = {GROUPSIG_GM_SECRET_BYTES, GROUPSIG_RM_SECRET_BYTES,
                                   GROUPSIG_JOIN_SECRET_BYTES, GROUPSIG_MEMBER_SECRET_BYTES};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (bytes->len == sizes[i] && bytes->data[0] == 0x06 && bytes->data[1] == 0x81 + i)
            return true;
    /* pygroupsig's: base64 of JSON with a type. */
    return bytes->len > 0 && bytes->data[0] == '{' &&
           (memmem(bytes->data, bytes->len, "\"manager\"", 9) != NULL ||
            memmem(bytes->data, bytes->len, "\"member\"", 8) != NULL);
}

static bool decode_hex(struct base_buf *out, const char *text)
{
    return text[0] != '\0' &&
           base_hex_decode_buf(out, CLI_GS_OBJECT_MAX, text, "", NULL) == GALEN_OK && out->len > 0;
}

static bool decode_base64(struct base_buf *out, const char *text)
{
    size_t len = strlen(text);
    size_t got = 0;
    if (len == 0 || base_buf_reserve(out, len) != GALEN_OK ||
        sodium_base642bin(out->data, len, text, len, NULL, &got, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    out->len = got;
    return true;
}

/* Hex or base64, whichever has the size; hex when neither has. */
static bool decode(struct base_buf *out, const char *text, size_t size)
{
    BASE_BUF_AUTO hex = {0};
    BASE_BUF_AUTO base64 = {0};
    bool is_hex = decode_hex(&hex, text);
    bool is_base64 = decode_base64(&base64, text);
    if (!is_hex && !is_base64)
        return false;
    base_buf_move(out,
                  is_hex && (!is_base64 || hex.len == size || base64.len != size) ? &hex : &base64);
    return true;
}

static void strip_space(struct base_buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        if (strchr(" \t\r\n", text->data[i]) == NULL || text->data[i] == '\0')
            text->data[n++] = text->data[i];
    if (text->data != NULL)
        text->data[n] = 0;
    text->len = n;
}

/* Standard input can be read once: a second @- would find nothing, or another option's bytes. */
static enum galen_err read_file(struct base_buf *out, const char *path, size_t max_bytes,
                                struct galen_errinfo *info)
{
    static bool stdin_taken;
    if (strcmp(path, "-") == 0) {
        if (stdin_taken)
            return base_fail(info, GALEN_ERR_USAGE, "standard input is asked for twice");
        stdin_taken = true;
    }
    return base_file_read(out, path, max_bytes, info);
}

static enum galen_err read_value(struct base_buf *out, const char *value, const char *what,
                                 struct galen_errinfo *info)
{
    if (value[0] == '@')
        return read_file(out, value + 1, CLI_GS_OBJECT_MAX, info);
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO bytes = {0};
    if (base_buf_append_text(&text, value) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    strip_space(&text);
    if (text.len > 0 && decode(&bytes, (const char *)text.data, 0) && is_secret(&bytes)) {
        base_fail(info, GALEN_ERR_USAGE, "%s: a secret key does not belong on the command line",
                  what);
        return base_hint(info, "other users and the shell's history may have seen it: replace it; "
                               "give secret keys as @FILE to 'galen groupsig import'");
    }
    base_buf_move(out, &text);
    return GALEN_OK;
}

static enum galen_err check_text(const struct base_buf *text, const char *what,
                                 struct galen_errinfo *info)
{
    if (text->len == 0)
        return base_fail(info, GALEN_ERR_USAGE, "%s is empty", what);
    if (memchr(text->data, '\0', text->len) != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "%s is not text", what);
    return GALEN_OK;
}

enum galen_err cli_gs_text(struct base_buf *out, const char *value, const char *what,
                           struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(read_value(&text, value, what, info));
    strip_space(&text);
    GALEN_TRY(check_text(&text, what, info));
    base_buf_move(out, &text);
    return GALEN_OK;
}

enum galen_err cli_gs_object(struct base_buf *out, const char *value, size_t size, const char *what,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(read_value(&text, value, what, info));
    /* No text begins so: an object as it is. */
    if (value[0] == '@' && text.len > 0 && text.data[0] == 0x06) {
        base_buf_move(out, &text);
        return GALEN_OK;
    }
    strip_space(&text);
    BASE_BUF_AUTO bytes = {0};
    if (check_text(&text, what, NULL) != GALEN_OK || !decode(&bytes, (const char *)text.data, size))
        return base_fail(info, GALEN_ERR_USAGE, "%s: neither hex nor base64", what);
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err cli_gs_option(const struct cli *cli, const char *option, size_t size,
                             struct base_buf *out, struct galen_errinfo *info)
{
    const char *value = NULL;
    GALEN_TRY(cli_need(cli, option, &value, info));
    return cli_gs_object(out, value, size, option, info);
}

static enum galen_err exact(uint8_t *out, const char *value, size_t size, const char *what,
                            enum galen_err otherwise, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_object(&bytes, value, size, what, info));
    if (bytes.len != size)
        return base_fail(info, otherwise, "%s: %zu bytes, not %zu", what, bytes.len, size);
    memcpy(out, bytes.data, size);
    return GALEN_OK;
}

enum galen_err cli_gs_exact(const struct cli *cli, const char *option, size_t size, uint8_t *out,
                            enum galen_err otherwise, struct galen_errinfo *info)
{
    const char *value = NULL;
    GALEN_TRY(cli_need(cli, option, &value, info));
    return exact(out, value, size, option, otherwise, info);
}

/* ---- what most verbs ask for ---------------------------------------------------------------------- */

enum galen_err cli_gs_group_key(const struct cli *cli, struct groupsig_group_key *key,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_option(cli, "group-key", GROUPSIG_GROUP_KEY_BYTES, &bytes, info));
    return cli_gs_fail(groupsig_group_key_parse(key, bytes.data, bytes.len), "group key", info);
}

enum galen_err cli_gs_message(const struct cli *cli, struct base_buf *out, bool *hashed,
                              struct galen_errinfo *info)
{
    const char *hash = cli_option(cli, "message-hash");
    const char *text = cli_option(cli, "text");
    const char *file = cli_option(cli, "text-file");
    if ((hash != NULL) + (text != NULL) + (file != NULL) != 1)
        return base_fail(info, GALEN_ERR_USAGE,
                         "the message: one of --message-hash, --text and --text-file");
    *hashed = hash != NULL;
    if (hash != NULL) {
        uint8_t msg32[32];
        GALEN_TRY(exact(msg32, hash, sizeof msg32, "message-hash", GALEN_ERR_USAGE, info));
        return base_buf_append(out, msg32, sizeof msg32);
    }
    if (file != NULL)
        return read_file(out, file, CLI_GS_LINES_MAX, info);
    return base_buf_append_text(out, text);
}

enum galen_err cli_gs_message_hash(const struct cli *cli, uint8_t msg32[32],
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO message = {0};
    bool hashed = false;
    GALEN_TRY(cli_gs_message(cli, &message, &hashed, info));
    if (hashed)
        memcpy(msg32, message.data, 32);
    else
        crypto_hash_sha256(msg32, message.data, message.len);
    return GALEN_OK;
}

enum galen_err cli_gs_context(const struct cli *cli, uint8_t ctx32[32], struct galen_errinfo *info)
{
    const char *purpose = cli_option(cli, "purpose");
    if (cli_option(cli, "context") != NULL) {
        if (purpose != NULL || cli_option(cli, "claimant") != NULL ||
            cli_option(cli, "nonce") != NULL)
            return base_fail(info, GALEN_ERR_USAGE,
                             "--context, or --purpose, --claimant and --nonce, not both");
        return cli_gs_exact(cli, "context", 32, ctx32, GALEN_ERR_USAGE, info);
    }
    if (purpose == NULL)
        return base_fail(info, GALEN_ERR_USAGE,
                         "--context is needed, or --purpose, --claimant and --nonce");
    uint8_t bound[32 + 20 + 32];
    crypto_hash_sha256(bound, (const uint8_t *)purpose, strlen(purpose));
    GALEN_TRY(cli_gs_exact(cli, "claimant", 20, bound + 32, GALEN_ERR_USAGE, info));
    GALEN_TRY(cli_gs_exact(cli, "nonce", 32, bound + 52, GALEN_ERR_USAGE, info));
    crypto_hash_sha256(ctx32, bound, sizeof bound);
    return GALEN_OK;
}

enum galen_err cli_gs_verified(const struct cli *cli, const struct groupsig_group_key *key,
                               struct groupsig_verified *out, struct galen_errinfo *info)
{
    uint8_t msg32[32];
    BASE_BUF_AUTO bytes = {0};
    struct groupsig_signature signature;
    GALEN_TRY(cli_gs_message_hash(cli, msg32, info));
    GALEN_TRY(cli_gs_option(cli, "signature", GROUPSIG_SIGNATURE_BYTES, &bytes, info));
    GALEN_TRY(cli_gs_fail(groupsig_signature_parse(&signature, bytes.data, bytes.len), "signature",
                          info));
    if (!groupsig_verify(key, out, &signature, msg32))
        return cli_gs_fail(GROUPSIG_ERR_INVALID, "signature", info);
    return GALEN_OK;
}

/* ---- many ------------------------------------------------------------------------------------------ */

enum galen_err cli_gs_each_line(const char *file,
                                enum galen_err (*each)(void *user, char *line,
                                                       struct galen_errinfo *info),
                                void *user, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    const char *path = file[0] == '@' ? file + 1 : file;
    GALEN_TRY(read_file(&text, path, CLI_GS_LINES_MAX, info));
    char *rest = (char *)text.data;
    if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "%s is not text", path);
    for (size_t number = 1; rest != NULL && *rest != '\0'; number++) {
        char *line = strsep(&rest, "\n");
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        enum galen_err err = each(user, line, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s, line %zu", path, number);
    }
    return GALEN_OK;
}

void cli_gs_pairs_clear(struct cli_gs_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++)
        base_buf_clear(&pairs->item[i].signature);
    free(pairs->item);
    *pairs = (struct cli_gs_pairs){0};
}

static enum galen_err add_pair(struct cli_gs_pairs *pairs, const char *hash, const char *signature,
                               struct galen_errinfo *info)
{
    if (pairs->n == pairs->cap) {
        size_t cap = pairs->cap == 0 ? 64 : 2 * pairs->cap;
        struct cli_gs_pair *more = reallocarray(pairs->item, cap, sizeof *more);
        if (more == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        pairs->item = more;
        pairs->cap = cap;
    }
    struct cli_gs_pair *pair = &pairs->item[pairs->n];
    pair->signature = (struct base_buf){0};
    GALEN_TRY(exact(pair->msg32, hash, 32, "message-hash", GALEN_ERR_USAGE, info));
    GALEN_TRY(
        cli_gs_object(&pair->signature, signature, GROUPSIG_SIGNATURE_BYTES, "signature", info));
    pairs->n++;
    return GALEN_OK;
}

static enum galen_err add_line(void *user, char *line, struct galen_errinfo *info)
{
    char *rest = NULL;
    const char *hash = strtok_r(line, " \t\r", &rest);
    const char *signature = strtok_r(NULL, " \t\r", &rest);
    if (signature == NULL || strtok_r(NULL, " \t\r", &rest) != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "a line is: HASH SIGNATURE");
    return add_pair(user, hash, signature, info);
}

enum galen_err cli_gs_pairs_read(const struct cli *cli, struct cli_gs_pairs *out,
                                 struct galen_errinfo *info)
{
    GALEN_CLEANUP(cli_gs_pairs_clear) struct cli_gs_pairs pairs = {0};
    static const char *hashes[CLI_MAX_REPEATS];
    static const char *signatures[CLI_MAX_REPEATS];
    size_t n = cli_options(cli, "signature", signatures);
    if (cli_options(cli, "message-hash", hashes) != n)
        return base_fail(info, GALEN_ERR_USAGE,
                         "as many --message-hash as --signature, in the same order");
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(add_pair(&pairs, hashes[i], signatures[i], info));
    const char *file = cli_option(cli, "signatures");
    if (file != NULL)
        GALEN_TRY(cli_gs_each_line(file, add_line, &pairs, info));
    if (pairs.n == 0)
        return base_fail(info, GALEN_ERR_USAGE, "no signatures given");
    *out = pairs;
    pairs = (struct cli_gs_pairs){0};
    return GALEN_OK;
}
