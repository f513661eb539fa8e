/*
 * Fuzz target: the bytes go to every parser of groupsig, as each kind of object. What is parsed
 * must encode to the same bytes, and nothing but the objects of the vectors may be valid: whoever
 * finds another one has forged or bent a signature, share or proof.
 *
 * Every test run replays the corpus (-DREPLAY). To fuzz, in the source root:
 *   CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false \
 *     -Dc_args=-fsanitize=fuzzer-no-link
 *   ninja -C build-fuzz tests/groupsig/fuzz-groupsig
 *   build-fuzz/tests/groupsig/fuzz-groupsig NEW_INPUTS tests/groupsig/corpus
 */
#include "groupsig/classic.h"
#include "groupsig/internal.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the objects of the vectors ------------------------------------------------------------------- */

struct bytes {
    uint8_t data[1024];
    size_t len;
};

static struct groupsig_group_key key;
static struct groupsig_verified signatures[2];
static struct groupsig_join_request request;
static struct bytes key_bytes, signature_bytes, request_bytes, membership_bytes;
static struct bytes opening[2], reveal[2], token_bytes, claim_bytes, link_bytes;
static uint8_t msg32[32], nonce32[32], ctx32[32], claim_ctx32[32], link_ctx32[32];
static uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
static struct groupsig_classic_group_key classic_key;
static const char *classic_message, *classic_text;
static struct groupsig_classic_verified classic_signature;

static json_object *get(json_object *object, const char *name)
{
    json_object *value = NULL;
    MUST(json_object_object_get_ex(object, name, &value));
    return value;
}

static json_object *first(json_object *object, const char *name)
{
    return json_object_array_get_idx(get(object, name), 0);
}

static size_t get_hex(json_object *value, uint8_t *out, size_t cap)
{
    const char *text = json_object_get_string(value);
    size_t len = strlen(text) / 2;
    MUST(len <= cap);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        MUST(sscanf(text + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
    return len;
}

static void get_object(json_object *object, const char *name, struct bytes *out)
{
    out->len = get_hex(get(object, name), out->data, sizeof out->data);
}

static json_object *load_json(const char *name)
{
    char path[4096];
    const char *root = getenv("GALEN_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/vectors/%s", root ? root : ".", name);
    json_object *object = json_object_from_file(path);
    MUST(object);
    return object;
}

static void load_signature(json_object *entry, struct groupsig_verified *out)
{
    struct bytes bytes;
    struct groupsig_signature parsed;
    uint8_t message[32];
    get_object(entry, "signature", &bytes);
    get_hex(get(entry, "msg32"), message, 32);
    MUST(groupsig_signature_parse(&parsed, bytes.data, bytes.len) == GROUPSIG_OK &&
         groupsig_verify(&key, out, &parsed, message));
}

static void load_vectors(void)
{
    json_object *all = load_json("cpy06-g1.json");
    json_object *member = first(all, "members"), *signature = first(all, "signatures");
    get_object(get(all, "setup"), "group_key", &key_bytes);
    MUST(groupsig_group_key_parse(&key, key_bytes.data, key_bytes.len) == GROUPSIG_OK);
    get_object(signature, "signature", &signature_bytes);
    get_hex(get(signature, "msg32"), msg32, 32);
    get_object(member, "request", &request_bytes);
    get_object(member, "membership", &membership_bytes);
    get_hex(get(member, "nonce"), nonce32, 32);
    get_hex(get(member, "ctx"), ctx32, 32);
    MUST(groupsig_join_request_parse(&request, request_bytes.data, request_bytes.len) ==
         GROUPSIG_OK);
    groupsig_join_request_commitment(&request, commitment);
    get_object(get(signature, "open"), "partial_gm", &opening[0]);
    get_object(get(signature, "open"), "partial_rm", &opening[1]);
    get_object(get(member, "reveal"), "partial_gm", &reveal[0]);
    get_object(get(member, "reveal"), "partial_rm", &reveal[1]);
    get_object(get(member, "reveal"), "token", &token_bytes);
    get_object(get(signature, "claim"), "proof", &claim_bytes);
    get_hex(get(get(signature, "claim"), "ctx32"), claim_ctx32, 32);
    get_object(get(all, "link"), "proof", &link_bytes);
    get_hex(get(get(all, "link"), "ctx32"), link_ctx32, 32);
    load_signature(signature, &signatures[0]);
    load_signature(json_object_array_get_idx(get(all, "signatures"), 3), &signatures[1]);
    json_object_put(all);

    static json_object *classic; /* stays: its texts are used */
    classic = load_json("pygroupsig-cpy06.json");
    json_object *group = first(classic, "groups"), *entry = first(group, "cases");
    struct groupsig_classic_signature parsed;
    const char *text = json_object_get_string(get(group, "group_key_b64"));
    classic_message = json_object_get_string(get(entry, "message"));
    classic_text = json_object_get_string(get(entry, "signature_b64"));
    MUST(groupsig_classic_group_key_parse(&classic_key, text, strlen(text)) == GROUPSIG_OK);
    MUST(groupsig_classic_signature_parse(&parsed, classic_text, strlen(classic_text)) ==
             GROUPSIG_OK &&
         groupsig_classic_verify(&classic_key, &classic_signature, &parsed,
                                 (const uint8_t *)classic_message, strlen(classic_message)));
}

/* ---- one input --------------------------------------------------------------------------------------- */

static bool is(const struct bytes *object, const uint8_t *data, size_t size)
{
    return object->len == size && memcmp(object->data, data, size) == 0;
}

static void try_signature(const uint8_t *data, size_t size)
{
    struct groupsig_signature s;
    if (groupsig_signature_parse(&s, data, size) != GROUPSIG_OK)
        return;
    uint8_t again[GROUPSIG_SIGNATURE_BYTES];
    const blst_p1_affine *points[] = {&s.A, &s.Abar, &s.E1, &s.E2, &s.T};
    gs_header_put(again, GS_TYPE_SIGNATURE);
    for (size_t i = 0; i < 5; i++)
        blst_p1_affine_compress(again + 2 + 48 * i, points[i]);
    memcpy(again + 242, data + 242, GS_CHALLENGE_BYTES);
    gs_scalar_encode(again + 266, &s.zt);
    gs_scalar_encode(again + 298, &s.zr);
    gs_scalar_encode(again + 330, &s.zu);
    MUST(memcmp(again, data, size) == 0);
    MUST(groupsig_verify(&key, NULL, &s, msg32) == is(&signature_bytes, data, size));
}

static void try_join(const uint8_t *data, size_t size)
{
    static struct groupsig_group_key other;
    struct groupsig_join_request parsed;
    bool valid = false;
    MUST((groupsig_group_key_parse(&other, data, size) == GROUPSIG_OK) ==
         is(&key_bytes, data, size));
    if (groupsig_join_request_parse(&parsed, data, size) == GROUPSIG_OK)
        MUST(groupsig_join_request_verify(&key, &parsed, nonce32, ctx32) ==
             is(&request_bytes, data, size));
    valid = groupsig_membership_verify(&key, &valid, data, size, commitment) == GROUPSIG_OK &&
            valid;
    MUST(valid == is(&membership_bytes, data, size));
}

static void try_shares(const uint8_t *data, size_t size)
{
    bool valid = false;
    valid = groupsig_opening_share_check(&key, &valid, NULL, data, size, &signatures[0]) ==
                GROUPSIG_OK &&
            valid;
    MUST(valid == (is(&opening[0], data, size) || is(&opening[1], data, size)));
    valid = false;
    valid = groupsig_reveal_share_check(&key, &valid, NULL, data, size, &request) == GROUPSIG_OK &&
            valid;
    MUST(valid == (is(&reveal[0], data, size) || is(&reveal[1], data, size)));
}

static void try_proofs(const uint8_t *data, size_t size)
{
    static struct groupsig_token token;
    bool valid = false;
    valid = groupsig_claim_verify(&key, &valid, data, size, &signatures[0], claim_ctx32) ==
                GROUPSIG_OK &&
            valid;
    MUST(valid == is(&claim_bytes, data, size));
    valid = false;
    valid = groupsig_link_verify(&key, &valid, data, size, signatures, 2, link_ctx32) ==
                GROUPSIG_OK &&
            valid;
    MUST(valid == is(&link_bytes, data, size));
    if (groupsig_token_parse(&token, data, size) == GROUPSIG_OK)
        MUST(groupsig_trace(&signatures[0], &token) == is(&token_bytes, data, size));
}

static void try_secrets(const uint8_t *data, size_t size)
{
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    struct groupsig_join_secret join;
    struct groupsig_member_secret member;
    uint8_t again[GROUPSIG_MEMBER_SECRET_BYTES];
    if (groupsig_gm_secret_parse(&gm, data, size) == GROUPSIG_OK) {
        groupsig_gm_secret_encode(&gm, again);
        MUST(size == GROUPSIG_GM_SECRET_BYTES && memcmp(again, data, size) == 0);
    }
    if (groupsig_rm_secret_parse(&rm, data, size) == GROUPSIG_OK) {
        groupsig_rm_secret_encode(&rm, again);
        MUST(size == GROUPSIG_RM_SECRET_BYTES && memcmp(again, data, size) == 0);
    }
    if (groupsig_join_secret_parse(&join, data, size) == GROUPSIG_OK) {
        groupsig_join_secret_encode(&join, again);
        MUST(size == GROUPSIG_JOIN_SECRET_BYTES && memcmp(again, data, size) == 0);
    }
    if (groupsig_member_secret_parse(&member, data, size) == GROUPSIG_OK) {
        groupsig_member_secret_encode(&member, again);
        MUST(size == GROUPSIG_MEMBER_SECRET_BYTES && memcmp(again, data, size) == 0);
    }
}

static void try_classic(const uint8_t *data, size_t size)
{
    static struct groupsig_classic_group_key other;
    struct groupsig_classic_manager_key manager;
    struct groupsig_classic_member_key member;
    struct groupsig_classic_signature signature, parsed;
    static char again[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    const char *text = (const char *)data;
    bool valid;
    (void)!groupsig_classic_group_key_parse(&other, text, size);
    (void)!groupsig_classic_manager_key_parse(&manager, text, size);
    (void)!groupsig_classic_member_key_parse(&classic_key, &member, text, size);
    (void)!groupsig_classic_claim_verify(&valid, text, size, &classic_signature);
    valid = false;
    (void)!groupsig_classic_opening_share_check(&classic_key, &valid, NULL, data, size,
                                                &classic_signature);
    MUST(!valid); /* without a manager's key */
    if (groupsig_classic_signature_parse(&signature, text, size) != GROUPSIG_OK)
        return;
    groupsig_classic_signature_encode(&signature, again);
    MUST(groupsig_classic_signature_parse(&parsed, again, sizeof again - 1) == GROUPSIG_OK);
    valid = groupsig_classic_verify(&classic_key, NULL, &signature,
                                    (const uint8_t *)classic_message, strlen(classic_message));
    MUST(valid == (strcmp(again, classic_text) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool loaded;
    if (!loaded)
        load_vectors();
    loaded = true;
    try_signature(data, size);
    try_join(data, size);
    try_shares(data, size);
    try_proofs(data, size);
    try_secrets(data, size);
    try_classic(data, size);
    return 0;
}

/* ---- replay ---------------------------------------------------------------------------------------------- */

#ifdef REPLAY
int main(int argc, char **argv)
{
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        uint8_t *data = malloc(1 << 16);
        FILE *file = fopen(argv[i], "rb");
        MUST(data && file);
        size_t size = fread(data, 1, 1 << 16, file);
        fclose(file);
        uint8_t *exact = malloc(size > 0 ? size : 1); /* a sanitizer sees a read beyond it */
        MUST(exact);
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
        free(data);
        printf("ok %d - %s\n", i, argv[i]);
    }
    return 0;
}
#endif
