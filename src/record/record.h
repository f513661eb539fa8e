/*
 * record: the medical record and everything that is hashed, proved or sold of it — strict JSON, the
 * record model, the salted Merkle tree and disclosures, Safe Harbor releases, buyers' templates,
 * and HL7 FHIR R4 in and out. Stands on json-c (values), jansson (only as the strict gate of the
 * parser), OpenSSL (SHA-256, HMAC) and zlib (.gz). Source: the design's records.md, messages.md.
 *
 * Hashing (all integers big-endian)
 *   salt  = first 16 bytes of HMAC-SHA-256(seed 32, path)
 *   leaf  = SHA-256(00 | salt 16 | u32 len(path) | path | JCS(value))
 *   node  = SHA-256(01 | left | right), RFC 6962 tree shape, giving top
 *   root  = SHA-256(02 | u32 n | top); of a record this is IDrec
 *
 * Rules that hold for every function here
 *   - json_object values are json-c's. A json_object that comes out belongs to the caller, who
 *     releases it with json_object_put; one that goes in is borrowed and not changed.
 *   - On failure outputs are untouched. Errors of any function: NOMEM; the others are named.
 *   - Error texts name the place (a JSON Pointer, RFC 6901), never the value found there.
 *   - No function keeps state: all are safe on any thread, one object on one thread at a time.
 *   - json-c and jansson both export `json_object_get` and `json_object_iter_next`. Do not call
 *     either name in a program that links both: which one answers depends on the link order.
 *     record_json_copy stands in for json-c's json_object_get.
 */
#ifndef GALEN_RECORD_H
#define GALEN_RECORD_H

#include "base/base.h"

#include <json-c/json_object.h>

#define RECORD_HASH_BYTES      32
#define RECORD_SEED_BYTES      32
#define RECORD_SALT_BYTES      16
#define RECORD_ADDRESS_BYTES   20
#define RECORD_SIGNATURE_BYTES 362 /* a CPY06 group signature */
#define RECORD_ADDRESS_TEXT    43  /* "0x", 40 digits and NUL */

#define RECORD_MAX_JSON_BYTES      ((size_t)16 << 20) /* for record_json_parse */
#define RECORD_MAX_JSON_DEPTH      64
#define RECORD_MAX_JSON_CONTAINERS 2000000u
#define RECORD_MAX_JSON_VALUES     8000000u
#define RECORD_MAX_LEAVES          65536u
#define RECORD_MAX_PATH_BYTES      512
#define RECORD_MAX_TEXT_BYTES      1024 /* of one text in a record, but for notes */
#define RECORD_MAX_NOTES_BYTES     65536
#define RECORD_MAX_LIST            8192 /* entries of one list in medical_data */

/* ---- strict JSON ----------------------------------------------------------------------------- */

/* Parses one JSON text (RFC 8259) from outside. The top must be an object or an array. Refused, as
 * PARSE: invalid UTF-8, a byte-order mark, duplicate keys, U+0000, lone surrogates, integers beyond
 * 64 bits, trailing bytes. More than max_bytes bytes, RECORD_MAX_JSON_DEPTH levels,
 * RECORD_MAX_JSON_CONTAINERS brackets or RECORD_MAX_JSON_VALUES commas: LIMIT. Number
 * literals that are not integers keep their spelling (json_object_get_string). text need not end in
 * NUL. */
GALEN_MUST_CHECK enum galen_err record_json_parse(json_object **out, const char *text, size_t len,
                                                  size_t max_bytes, struct galen_errinfo *info);

/* Appends the canonical bytes (RFC 8785) of value. Numbers other than integers within ±(2^53-1),
 * invalid UTF-8 and U+0000 are PARSE; deeper than RECORD_MAX_JSON_DEPTH is LIMIT. value may be NULL
 * (JSON null). On failure out holds what it held before. */
GALEN_MUST_CHECK enum galen_err record_json_jcs(struct base_buf *out, json_object *value,
                                                struct galen_errinfo *info);

/* SHA-256 of the canonical bytes. Errors as record_json_jcs. */
GALEN_MUST_CHECK enum galen_err record_json_hash(uint8_t hash32[RECORD_HASH_BYTES],
                                                 json_object *value, struct galen_errinfo *info);

/* A deep copy; NULL gives NULL (JSON null). */
GALEN_MUST_CHECK enum galen_err record_json_copy(json_object **out, json_object *value,
                                                 struct galen_errinfo *info);

/* Sets object[key] = value, which is taken over in every case (released on failure). value NULL
 * means that making it failed: NOMEM. So that building is one line a member:
 * GALEN_TRY(record_json_set(o, "name", json_object_new_string(name), info)). */
GALEN_MUST_CHECK enum galen_err record_json_set(json_object *object, const char *key,
                                                json_object *value, struct galen_errinfo *info);
/* The same at an array's end. */
GALEN_MUST_CHECK enum galen_err record_json_push(json_object *array, json_object *value,
                                                 struct galen_errinfo *info);
/* object[key] = "0x" and lower-case hex of the bytes. */
GALEN_MUST_CHECK enum galen_err record_json_set_hex(json_object *object, const char *key,
                                                    const uint8_t *data, size_t len,
                                                    struct galen_errinfo *info);

/* Releases *value and sets it to NULL; for GALEN_CLEANUP. */
void record_json_put(json_object **value);
#define RECORD_JSON_AUTO GALEN_CLEANUP(record_json_put) json_object *

/*
 * Reading members. `where` is the object's place for the error text: "" for the top, else such as
 * "/demographics" or "template". Every getter gives PARSE, naming where/key, when object is no
 * object, the member is null, has another type or is out of range, and when a REQUIRED one is
 * absent. An absent OPTIONAL one gives GALEN_OK and leaves *out as it was, so preset the default.
 * What comes out is borrowed from object.
 */
enum record_json_need { RECORD_JSON_OPTIONAL, RECORD_JSON_REQUIRED };

/* A string of 1 to max_bytes bytes of UTF-8. */
GALEN_MUST_CHECK enum galen_err record_json_get_text(const char **out, json_object *object,
                                                     const char *key, enum record_json_need need,
                                                     size_t max_bytes, const char *where,
                                                     struct galen_errinfo *info);
/* An integer of min to max. */
GALEN_MUST_CHECK enum galen_err record_json_get_int(int64_t *out, json_object *object,
                                                    const char *key, enum record_json_need need,
                                                    int64_t min, int64_t max, const char *where,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err record_json_get_bool(bool *out, json_object *object,
                                                     const char *key, enum record_json_need need,
                                                     const char *where, struct galen_errinfo *info);
/* An array of min to max elements. */
GALEN_MUST_CHECK enum galen_err record_json_get_array(json_object **out, json_object *object,
                                                      const char *key, enum record_json_need need,
                                                      size_t min, size_t max, const char *where,
                                                      struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err record_json_get_object(json_object **out, json_object *object,
                                                       const char *key, enum record_json_need need,
                                                       const char *where,
                                                       struct galen_errinfo *info);
/* Exactly len bytes as "0x" and lower-case hex. */
GALEN_MUST_CHECK enum galen_err record_json_get_hex(uint8_t *out, size_t len, json_object *object,
                                                    const char *key, enum record_json_need need,
                                                    const char *where, struct galen_errinfo *info);
/* A wallet address as text, "0x" and 40 hex digits of either case (EIP-55's checksum is the
 * chain module's to check). */
GALEN_MUST_CHECK enum galen_err record_json_get_address(const char **out, json_object *object,
                                                        const char *key, enum record_json_need need,
                                                        const char *where,
                                                        struct galen_errinfo *info);

/* Closed schema: object is an object, holds every key of required and none beyond required and
 * optional. Both lists end in NULL; optional may be NULL. PARSE names the key. */
GALEN_MUST_CHECK enum galen_err
record_json_check_keys(json_object *object, const char *const *required,
                       const char *const *optional, const char *where, struct galen_errinfo *info);
/* object["type"] is the string type. */
GALEN_MUST_CHECK enum galen_err record_json_check_type(json_object *object, const char *type,
                                                       struct galen_errinfo *info);

/* ---- the record ------------------------------------------------------------------------------ */

#define RECORD_TYPE "galen.record/1"

/*
 * Holds a record against the closed schema. Required: type, patient (wallet address), issued
 * (RFC 3339 UTC to the second, "…Z"), hospital {name, address}, category. Optional: demographics
 * {age 0-150 (years, integer), gender (male, female, other, unknown), location {city, state,
 * postal_code, country}, ethnicity [coded…]}, medical_data {diagnosis, treatment, medications,
 * lab_results: [entry…]}, notes. Nothing else, nowhere null, no empty container or text.
 *
 *   coded = {system, code, display}: code or display at least; system only with code
 *   entry = coded + {also [further codings, each with a code], status, date, end}; date and end are
 *           FHIR dateTimes (a year, a month, a day or an instant)
 *   medications entries also: dosage (text)
 *   lab_results entries also: value (decimal string, the source's literal) with comparator (<, <=,
 *           >=, >) and unit (UCUM code) or unit_text; or value_coded (coded) or value_text; and
 *           components [coded + also and the same value members]; one of these four at least
 *
 * PARSE with a JSON Pointer, or LIMIT (a list or the number of leaves).
 */
GALEN_MUST_CHECK enum galen_err record_validate(json_object *record, struct galen_errinfo *info);

/* Parses, validates; *out is the record. */
GALEN_MUST_CHECK enum galen_err record_parse(json_object **out, const char *text, size_t len,
                                             struct galen_errinfo *info);

/* The known category names ("Cardiology", …, "Other"), ordered, ending in NULL. A record may carry
 * any text; a release carries one of these. */
const char *const *record_categories(void);
/* The known name that text spells (ASCII case aside); NULL when there is none. */
const char *record_find_category(const char *text);

/* ---- the salted Merkle tree ------------------------------------------------------------------ */

struct record_tree;

/* The tree over every scalar of content (an object), leaves ordered by path bytes. seed: 32 secret
 * bytes, fresh for each record. PARSE: null, an empty container, a number that is no safe integer,
 * no leaf at all; LIMIT: RECORD_MAX_LEAVES, RECORD_MAX_PATH_BYTES. The content is copied. The
 * schema is not checked here: call record_validate first. */
GALEN_MUST_CHECK enum galen_err record_tree_new(struct record_tree **out, json_object *content,
                                                const uint8_t seed[RECORD_SEED_BYTES],
                                                struct galen_errinfo *info);
/* The same for a release: leaves ordered by leaf hash and padded with pad_j = HMAC-SHA-256(seed,
 * "pad" | u32 j) to a power of two, at least 64. */
GALEN_MUST_CHECK enum galen_err record_tree_new_padded(struct record_tree **out,
                                                       json_object *content,
                                                       const uint8_t seed[RECORD_SEED_BYTES],
                                                       struct galen_errinfo *info);
/* Wipes and frees; NULL is fine. Sets *tree to NULL. */
void record_tree_free(struct record_tree **tree);
#define RECORD_TREE_AUTO GALEN_CLEANUP(record_tree_free) struct record_tree *

/* Of a record's tree this is IDrec. */
void record_tree_root(uint8_t root32[RECORD_HASH_BYTES], const struct record_tree *tree);
/* Leaves as committed, padding included. */
uint32_t record_tree_leaf_count(const struct record_tree *tree);
/* Leaves that carry a value. */
uint32_t record_tree_field_count(const struct record_tree *tree);

/* Validates the record and gives its IDrec in one go. */
GALEN_MUST_CHECK enum galen_err record_id(uint8_t idrec32[RECORD_HASH_BYTES], json_object *record,
                                          const uint8_t seed[RECORD_SEED_BYTES],
                                          struct galen_errinfo *info);

/* ---- disclosures ----------------------------------------------------------------------------- */

#define RECORD_DISCLOSURE_TYPE "galen.disclosure/1"

enum record_order {
    RECORD_ORDER_PATH, /* a record's tree: paths strictly increase with the indices */
    RECORD_ORDER_HASH, /* a release's tree: leaf hashes strictly increase with the indices; the leaf
                          count is a power of two, at least 64 */
};

struct record_field {
    char *path;         /* owned; a JSON Pointer */
    json_object *value; /* owned; a scalar */
    uint8_t salt[RECORD_SALT_BYTES];
    uint32_t index;
};

/* Some leaves of a tree and one multi-proof for all of them. {0} is empty. */
struct record_disclosure {
    uint8_t root[RECORD_HASH_BYTES];
    uint32_t leaf_count;
    struct record_field *fields; /* owned, by index */
    size_t field_count;
    uint8_t (*siblings)[RECORD_HASH_BYTES]; /* owned; depth first, left to right, none twice */
    size_t sibling_count;
};

void record_disclosure_clear(struct record_disclosure *disclosure); /* NULL and {0} are fine */
#define RECORD_DISCLOSURE_AUTO GALEN_CLEANUP(record_disclosure_clear) struct record_disclosure

/* Discloses the leaves named by paths: each is a leaf or the prefix of a subtree
 * ("/medical_data/diagnosis" covers all below it, not "/medical_data/diagnosis2"); "" is all.
 * Overlaps are fine. NOT_FOUND names a path that covers no leaf; path_count 0 is USAGE. *out must
 * be empty. */
GALEN_MUST_CHECK enum galen_err record_disclosure_make(struct record_disclosure *out,
                                                       const struct record_tree *tree,
                                                       const char *const *paths, size_t path_count,
                                                       struct galen_errinfo *info);
/* As record_disclosure_make, except that a path without leaves is skipped. NOT_FOUND only when no
 * path covers any leaf. */
GALEN_MUST_CHECK enum galen_err record_disclosure_make_present(struct record_disclosure *out,
                                                               const struct record_tree *tree,
                                                               const char *const *paths,
                                                               size_t path_count,
                                                               struct galen_errinfo *info);

/* {"type", "root", "count", "fields": [{"path", "value", "salt", "index"}], "siblings": [hex]}. */
GALEN_MUST_CHECK enum galen_err record_disclosure_encode(json_object **out,
                                                         const struct record_disclosure *disclosure,
                                                         struct galen_errinfo *info);
/* Strict: closed schema, lower-case hex, scalar values, indices strictly increasing and below the
 * count. PARSE or LIMIT. Says nothing about the proof. *out must be empty. */
GALEN_MUST_CHECK enum galen_err record_disclosure_parse(struct record_disclosure *out,
                                                        json_object *value,
                                                        struct galen_errinfo *info);

/* The verdict: do these values belong to root? Strict: canonical values, order, exact sibling
 * count. GALEN_OK whichever way it goes; when *valid is false info->what (if any) says why. The
 * caller compares disclosure->root with the root it trusts. */
GALEN_MUST_CHECK enum galen_err record_disclosure_verify(bool *valid,
                                                         const struct record_disclosure *disclosure,
                                                         enum record_order order,
                                                         struct galen_errinfo *info);

/* The disclosed fields as nested JSON, for showing and matching. Parts of a path that are array
 * indices ("0", "17") become array elements; where entries are missing the rest closes up. CHECK
 * when the paths contradict each other (one both a value and a container, or both array and
 * object). */
GALEN_MUST_CHECK enum galen_err
record_disclosure_content(json_object **out, const struct record_disclosure *disclosure,
                          struct galen_errinfo *info);

/* ---- a tree as one draws it ------------------------------------------------------------------ */

/* {root, leafCount, shown, nodes: [{from, count, hash, state}], leaves: [{index, path}]}: each node
 * is the subtree of `count` leaves from `from` on; state is shown (a disclosed value is below it),
 * proof (its hash is handed on as a sibling) or hidden. shown: what is disclosed, of this very
 * tree; NULL: nothing. LIMIT above 4,096 leaves. */
GALEN_MUST_CHECK enum galen_err record_tree_picture(json_object **out,
                                                    const struct record_tree *tree,
                                                    const struct record_disclosure *shown,
                                                    struct galen_errinfo *info);
/* Of what a disclosure that was verified lets one know of the tree. */
GALEN_MUST_CHECK enum galen_err
record_disclosure_picture(json_object **out, const struct record_disclosure *disclosure,
                          struct galen_errinfo *info);

/* ---- what the doctor signs ------------------------------------------------------------------- */

/* SHA-256("galen/record/1" | chain id u256 | DataHub 20 | IDrec 32 | patient 20). */
GALEN_MUST_CHECK enum galen_err record_msg32(uint8_t msg32[32], uint64_t chain_id,
                                             const uint8_t datahub20[RECORD_ADDRESS_BYTES],
                                             const uint8_t idrec32[RECORD_HASH_BYTES],
                                             const uint8_t patient20[RECORD_ADDRESS_BYTES],
                                             struct galen_errinfo *info);
/* SHA-256("galen/release/1" | chain id u256 | DataHub 20 | release root 32 | releaseAddr 20). */
GALEN_MUST_CHECK enum galen_err record_release_msg32(uint8_t msg32[32], uint64_t chain_id,
                                                     const uint8_t datahub20[RECORD_ADDRESS_BYTES],
                                                     const uint8_t root32[RECORD_HASH_BYTES],
                                                     const uint8_t release20[RECORD_ADDRESS_BYTES],
                                                     struct galen_errinfo *info);

/* ---- asking for more releases ----------------------------------------------------------------- */

/* HMAC-SHA-256 under a key of 32 bytes. */
GALEN_MUST_CHECK enum galen_err record_mac(uint8_t out32[32], const uint8_t key32[32],
                                           const void *data, size_t len,
                                           struct galen_errinfo *info);
/* HMAC-SHA-256(record seed, "galen/topup/1"): who has the record whole, and its doctor, have it. It
 * tells the record's requests for more releases from others', and nothing else. */
GALEN_MUST_CHECK enum galen_err record_topup_key(uint8_t key32[32],
                                                 const uint8_t seed[RECORD_SEED_BYTES],
                                                 struct galen_errinfo *info);
/* HMAC-SHA-256(key, u64be day): what a request of that day (Unix time / 86,400) is known by. Nobody
 * else can tell whose it is, or that two days' are one record's. */
GALEN_MUST_CHECK enum galen_err record_topup_tag(uint8_t tag32[32], const uint8_t key32[32],
                                                 int64_t day, struct galen_errinfo *info);

/* ---- releases -------------------------------------------------------------------------------- */

#define RECORD_RELEASE_TYPE "galen.release/1"

/*
 * The Safe Harbor projection of a valid record (45 CFR 164.514(b)(2)); its rules stand in
 * safeharbor.json, field by field. Content:
 *   category      a known name; any other becomes "Other"
 *   year          of `issued`, integer
 *   demographics  {age "40-44" … "85-89", "90+"; gender; location {country ISO 3166-1 alpha-2,
 *                 state (USPS, only in the US)}; ethnicity [{system, code}]}, what is there
 *   medical_data  {diagnosis, treatment, medications: [{system, code, also}], lab_results:
 *                 [{system, code, also, value, comparator, unit, value_coded, components}]}: only
 *                 codes of the known public code systems, decimal values, UCUM units; a date, a
 *                 display text or any other free text never passes
 *   count         {diagnosis, treatment, medications, lab_results}: entries of each list, 0 too
 *   leaves        the same four: leaves below each list, so that nothing inside an entry can be
 *                 left out unseen
 * ZIP3 is left out altogether: the rule asks for current census figures. Errors: those of
 * record_validate.
 */
GALEN_MUST_CHECK enum galen_err record_release_content(json_object **out, json_object *record,
                                                       struct galen_errinfo *info);
/* The same, and what became of each field of the record, in its order: [{path, action kept,
 * generalised or dropped, to?, result? (in the release), rule, identifier?, reason}]. It holds no
 * value that the release does not. report may be NULL. */
GALEN_MUST_CHECK enum galen_err record_release_report(json_object **content, json_object **report,
                                                      json_object *record,
                                                      struct galen_errinfo *info);
/* Both in one: {content, report}. */
GALEN_MUST_CHECK enum galen_err record_release_describe(json_object **out, json_object *record,
                                                        struct galen_errinfo *info);
/* safeharbor.json, as built in, and the category names: {..., categories}. */
GALEN_MUST_CHECK enum galen_err record_release_rules(json_object **out, struct galen_errinfo *info);
/* Holds content from outside against exactly that shape. PARSE with a JSON Pointer. */
GALEN_MUST_CHECK enum galen_err record_release_validate(json_object *content,
                                                        struct galen_errinfo *info);

/* A release as the patient keeps it. {0} is empty. seed is secret. */
struct record_release {
    json_object *content;                      /* owned */
    uint8_t seed[RECORD_SEED_BYTES];           /* secret */
    char release_address[RECORD_ADDRESS_TEXT]; /* EIP-55 text, made by the chain module */
    uint32_t key_version;
    uint8_t sig[RECORD_SIGNATURE_BYTES];
};

void record_release_clear(struct record_release *release); /* wipes; NULL and {0} are fine */
#define RECORD_RELEASE_AUTO GALEN_CLEANUP(record_release_clear) struct record_release

/* The release's padded tree. Errors as record_tree_new_padded. */
GALEN_MUST_CHECK enum galen_err record_release_tree(struct record_tree **out,
                                                    const struct record_release *release,
                                                    struct galen_errinfo *info);
/* {"type", "content", "seed", "releaseAddr", "keyVersion", "sig"}; the result holds the seed. */
GALEN_MUST_CHECK enum galen_err record_release_encode(json_object **out,
                                                      const struct record_release *release,
                                                      struct galen_errinfo *info);
/* Closed schema, content validated. The signature is not checked. *out must be empty. */
GALEN_MUST_CHECK enum galen_err record_release_parse(struct record_release *out, json_object *value,
                                                     struct galen_errinfo *info);

/* ---- templates ------------------------------------------------------------------------------- */

#define RECORD_TEMPLATE_TYPE        "galen.template/1"
#define RECORD_TEMPLATE_MAX_FILTERS 64
#define RECORD_TEMPLATE_MAX_PATHS   16

/* What a buyer asks for. {0} is empty. */
struct record_template {
    const char *category; /* static, one of record_categories() */
    bool age, gender, location, ethnicity;
    bool diagnosis, treatment, medications, lab_results;
    uint32_t years;                             /* 1-150 */
    uint32_t min_records;                       /* 1-65535 */
    char price_wei[79];                         /* decimal, no leading zero, below 2^256 */
    json_object *buyer_key;                     /* owned: public P-256 JWK */
    char *filters[RECORD_TEMPLATE_MAX_FILTERS]; /* owned: code prefixes, any of which is enough */
    size_t filter_count;
};

void record_template_clear(struct record_template *request); /* NULL and {0} are fine */
#define RECORD_TEMPLATE_AUTO GALEN_CLEANUP(record_template_clear) struct record_template

/* Strict, closed: {type, category, demographics {age, gender, location, ethnicity}, medical_data
 * {diagnosis, treatment, medications, lab_results}, time_period "N year(s)", min_records,
 * price_wei, buyer_key, filters (optional)}. At least one field must be asked for, and one list of
 * medical_data when there are filters. A category that no release can have is refused, so that no
 * money is locked up for nothing. PARSE names the place. *out must be empty. */
GALEN_MUST_CHECK enum galen_err
record_template_parse(struct record_template *out, json_object *value, struct galen_errinfo *info);
/* The template's JSON; its JCS bytes are the block that is stored, whose digest is templateHash. */
GALEN_MUST_CHECK enum galen_err record_template_encode(json_object **out,
                                                       const struct record_template *request,
                                                       struct galen_errinfo *info);

/* Does this release content (or the content of a disclosure of it) fit? Same category; year from
 * request_year - N on; a value for every field asked for; with filters, a code in a list asked for
 * that begins with one of them. request_year: UTC year of the block of the request. GALEN_OK either
 * way; when *matches is false info->what says why. */
GALEN_MUST_CHECK enum galen_err record_template_matches(bool *matches,
                                                        const struct record_template *request,
                                                        json_object *content, int request_year,
                                                        struct galen_errinfo *info);

/* What a bundle discloses for a template: /category, /year, the fields asked for, and
 * /count/<list> and /leaves/<list> of each list asked for. paths are static texts for
 * record_disclosure_make. Returns their number. */
size_t record_template_paths(const char *paths[RECORD_TEMPLATE_MAX_PATHS],
                             const struct record_template *request);

/* The buyer's row "template match and completeness" over a verified disclosure of a release: as
 * record_template_matches, and for every list asked for all entries below /count/<list> are there,
 * with as many leaves as /leaves/<list> says. GALEN_OK either way; info->what says why not. */
GALEN_MUST_CHECK enum galen_err record_template_check(bool *complete,
                                                      const struct record_template *request,
                                                      const struct record_disclosure *disclosure,
                                                      int request_year, struct galen_errinfo *info);

/* ---- HL7 FHIR R4 ----------------------------------------------------------------------------- */

#define RECORD_FHIR_MAX_BYTES ((size_t)64 << 20) /* of one file, unpacked */

struct record_fhir_options {
    const char *patient_address; /* whose records these become: a wallet address */
    const char *hospital_name;
    const char *hospital_address; /* the hospital's wallet */
    const char *patient_id;       /* NULL: the one Patient there is; else its FHIR id */
    bool per_patient;             /* one record in all, else one for each Encounter */
};

struct record_fhir_item {
    json_object *record; /* owned, valid */
    char encounter[68];  /* the Encounter's FHIR id; "" for a per-patient record */
    uint32_t leaf_count;
};

struct record_fhir_skip {
    char resource_type[64]; /* "?" when it has none */
    char reason[128];
    size_t count;
};

/* {0} is empty. */
struct record_fhir_result {
    struct record_fhir_item *items; /* owned, by time of issue */
    size_t item_count;
    struct record_fhir_skip *skips; /* owned: what became no part of a record, and why */
    size_t skip_count;
};

void record_fhir_result_clear(struct record_fhir_result *result); /* NULL and {0} are fine */
#define RECORD_FHIR_RESULT_AUTO GALEN_CLEANUP(record_fhir_result_clear) struct record_fhir_result

/*
 * One file's bytes — a Bundle (transaction, batch, collection, searchset), a single resource or
 * NDJSON of resources and Bundles, plain or gzip by its magic bytes — become records.
 * A resource that is bad, unknown or of no use is counted in skips, never fatal. Fatal: no JSON at
 * all, another type of Bundle, no Patient, several Patients without patient_id: PARSE with a hint;
 * patient_id not there: NOT_FOUND; more than RECORD_FHIR_MAX_BYTES: LIMIT; the options' own texts:
 * USAGE. A file without Encounters gives one record.
 * category: from Encounter.serviceType, then type, then class; the rule is in fhir_category.c.
 * *out must be empty.
 */
GALEN_MUST_CHECK enum galen_err record_fhir_import(struct record_fhir_result *out, const void *data,
                                                   size_t len,
                                                   const struct record_fhir_options *options,
                                                   struct galen_errinfo *info);

/* One file's report for people and scripts: {"file", "records": [{"encounter", "category",
 * "issued", "leaves"}], "skipped": [{"resourceType", "count", "reason"}], "error"}. error: NULL, or
 * why the import of this file failed (then result may be NULL). */
GALEN_MUST_CHECK enum galen_err record_fhir_report(json_object **out, const char *file_name,
                                                   const struct record_fhir_result *result,
                                                   const struct galen_errinfo *error,
                                                   struct galen_errinfo *info);

/* Adds to each of such a report's records what a release of it would hold: "deidentified", as
 * record_release_describe has it. */
GALEN_MUST_CHECK enum galen_err record_fhir_report_releases(json_object *report,
                                                            const struct record_fhir_result *result,
                                                            struct galen_errinfo *info);

/* An RFC 9562 UUID of version 8: the first 16 bytes of a digest, marked. */
#define RECORD_UUID_TEXT 37
void record_uuid(char out[RECORD_UUID_TEXT], const uint8_t digest32[32]);

/* The record as an R4 Bundle of type collection: Patient (no name), Encounter, Condition,
 * Procedure, MedicationRequest, Observation, linked by urn:uuid derived from the record's content
 * (equal records give equal bundles). Importing it again gives the same coded data. The wallet
 * address is not exported, notes become the Encounter's text. Errors: those of record_validate. */
GALEN_MUST_CHECK enum galen_err record_fhir_export(json_object **out, json_object *record,
                                                   struct galen_errinfo *info);
/* Rows [{index, fields}], fields being the (disclosed) content of a release, as one such Bundle: a
 * Patient and an Encounter of its year for each row, the age band a Range. Rows must be distinct.
 */
GALEN_MUST_CHECK enum galen_err record_fhir_export_releases(json_object **out, json_object *rows,
                                                            struct galen_errinfo *info);

#endif
