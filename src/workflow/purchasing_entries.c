/*
 * Delivered entries. The contract keeps one Merkle root a part: an OpenZeppelin StandardMerkleTree
 * whose leaves, unsorted, are keccak256(keccak256(abi.encode(TAG, id, index, payout, bodyHash))).
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

void purchasing_entries_clear(struct purchasing_entries *entries)
{
    free(entries->items);
    *entries = (struct purchasing_entries){0};
}

/* ---- out of the database ------------------------------------------------------------------------- */

#define ENTRY_COLUMNS                                                                              \
    "SELECT position, release_root, release_addr, payout, bundle_digest, min_payout_wei,"          \
    " key_version, signature, ys, consent, part, block_number FROM entry "

static enum galen_err entry_read(struct purchasing_entry *entry, const struct db_rows *rows,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(db_bytes(rows, 1, entry->release_root, 32, info));
    GALEN_TRY(db_bytes(rows, 2, entry->release_addr.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 3, entry->payout.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 4, entry->bundle_digest, 32, info));
    GALEN_TRY(chain_u256_parse(&entry->min_payout, db_text(rows, 5), info));
    entry->key_version = (uint32_t)db_int(rows, 6);
    GALEN_TRY(db_bytes(rows, 7, entry->sig, sizeof entry->sig, info));
    GALEN_TRY(db_bytes(rows, 8, entry->ys, sizeof entry->ys, info));
    GALEN_TRY(db_bytes(rows, 9, entry->consent, sizeof entry->consent, info));
    entry->part = (uint32_t)db_int(rows, 10);
    entry->block_number = db_int(rows, 11);
    return GALEN_OK;
}

static enum galen_err entries_read(struct workflow *wf, struct purchasing_entries *out,
                                   uint64_t request_id, size_t expected, struct galen_errinfo *info)
{
    if (expected == 0)
        return GALEN_OK;
    PURCHASING_ENTRIES_AUTO read = {0};
    read.items = calloc(expected, sizeof *read.items);
    if (read.items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, ENTRY_COLUMNS "WHERE request_id = ? ORDER BY position",
                       DB_INT(request_id)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        if (read.n == expected || db_int(&rows, 0) != (int64_t)read.n)
            return base_fail(info, GALEN_ERR_STATE, "the delivered entries have a gap");
        GALEN_TRY(entry_read(&read.items[read.n], &rows, info));
        read.n++;
    }
    *out = read;
    read = (struct purchasing_entries){0};
    return GALEN_OK;
}

enum galen_err purchasing_load_entry(struct workflow *wf, bool *found, struct purchasing_entry *out,
                                     uint64_t request_id, uint64_t index,
                                     struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, ENTRY_COLUMNS "WHERE request_id = ? AND position = ?",
                       DB_INT(request_id), DB_INT(index)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? entry_read(out, &rows, info) : GALEN_OK;
}

static enum galen_err count_seen(struct workflow *wf, uint64_t request_id, int64_t *count,
                                 struct galen_errinfo *info)
{
    return db_get_int(wf->db, count, 0, info, "SELECT count(*) FROM entry WHERE request_id = ?",
                      DB_INT(request_id));
}

enum galen_err purchasing_load_entries(struct workflow *wf, struct purchasing_entries *out,
                                       const struct purchasing_onchain *chain,
                                       struct galen_errinfo *info)
{
    int64_t seen = 0;
    GALEN_TRY(count_seen(wf, chain->id, &seen, info));
    if (seen != chain->count) {
        GALEN_TRY(workflow_sync(wf, NULL, info));
        GALEN_TRY(count_seen(wf, chain->id, &seen, info));
    }
    if (seen != chain->count) {
        base_fail(info, GALEN_ERR_STATE, "%lld of %u delivered entries are known here",
                  (long long)seen, chain->count);
        (void)base_hint(info, "run 'galen sync' again");
        return GALEN_ERR_STATE;
    }
    int64_t parts = 1;
    if (chain->parts > 1)
        GALEN_TRY(db_get_int(wf->db, &parts, 0, info,
                             "SELECT max(part) + 1 FROM entry WHERE request_id = ?",
                             DB_INT(chain->id)));
    if (parts < chain->parts)
        GALEN_TRY(purchasing_assign_parts(wf, chain->id, info));
    return entries_read(wf, out, chain->id, (size_t)seen, info);
}

/* ---- for the contract ------------------------------------------------------------------------------ */

struct datahub_entry purchasing_entry_argument(const struct purchasing_entry *entry)
{
    struct datahub_entry args = {
        .release_addr = entry->release_addr,
        .payout = entry->payout,
        .min_payout = entry->min_payout,
        .key_version = entry->key_version,
        .sig = {entry->sig, sizeof entry->sig},
        .ys = {entry->ys, sizeof entry->ys},
        .consent = {entry->consent, sizeof entry->consent},
    };
    memcpy(args.release_root, entry->release_root, 32);
    memcpy(args.bundle_digest, entry->bundle_digest, 32);
    return args;
}

/* ---- hashes ---------------------------------------------------------------------------------------- */

static void put_address(uint8_t word32[32], const struct chain_address *address)
{
    memset(word32, 0, 12);
    memcpy(word32 + 12, address->bytes, 20);
}

static void put_number(uint8_t word32[32], uint64_t number)
{
    memset(word32, 0, 24);
    base_put_u64be(word32 + 24, number);
}

void purchasing_body_hash(uint8_t hash32[32], const struct purchasing_entry *entry)
{
    uint8_t words[8][32];
    memcpy(words[0], entry->release_root, 32);
    put_address(words[1], &entry->release_addr);
    memcpy(words[2], entry->bundle_digest, 32);
    memcpy(words[3], entry->min_payout.be, 32);
    put_number(words[4], entry->key_version);
    chain_keccak256(words[5], entry->sig, sizeof entry->sig);
    chain_keccak256(words[6], entry->ys, sizeof entry->ys);
    chain_keccak256(words[7], entry->consent, sizeof entry->consent);
    chain_keccak256(hash32, words, sizeof words);
}

static void entry_leaf(uint8_t leaf32[32], uint64_t request_id, uint64_t index,
                       const struct purchasing_entry *entry)
{
    static const char tag[] = "galen/entry/1";
    uint8_t words[5][32];
    uint8_t inner[32];
    chain_keccak256(words[0], tag, sizeof tag - 1);
    put_number(words[1], request_id);
    put_number(words[2], index);
    put_address(words[3], &entry->payout);
    purchasing_body_hash(words[4], entry);
    chain_keccak256(inner, words, sizeof words);
    chain_keccak256(leaf32, inner, sizeof inner);
}

/* ---- the parts' trees -------------------------------------------------------------------------------- */

typedef uint8_t node[32];

static void hash_pair(node out, const node a, const node b)
{
    uint8_t pair[64];
    bool ordered = memcmp(a, b, 32) < 0;
    memcpy(pair, ordered ? a : b, 32);
    memcpy(pair + 32, ordered ? b : a, 32);
    chain_keccak256(out, pair, sizeof pair);
}

/* The tree lies in 2n - 1 nodes, root first, children of i at 2i + 1 and 2i + 2, leaves backwards
 * from the end. */
static void build_tree(node *tree, const node *leaves, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(tree[2 * n - 2 - i], leaves[i], 32);
    for (size_t i = n - 1; i > 0; i--)
        hash_pair(tree[i - 1], (const uint8_t *)tree[2 * i - 1], (const uint8_t *)tree[2 * i]);
}

static void free_nodes(node **nodes)
{
    free(*nodes);
}
#define NODES_AUTO GALEN_CLEANUP(free_nodes) node *

static enum galen_err make_leaves(node **out, uint64_t request_id,
                                  const struct purchasing_entry *entries, size_t n, uint64_t first,
                                  struct galen_errinfo *info)
{
    node *leaves = calloc(n, sizeof *leaves);
    if (leaves == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        entry_leaf(leaves[i], request_id, first + i, &entries[i]);
    *out = leaves;
    return GALEN_OK;
}

static enum galen_err make_tree(node **out, uint64_t request_id,
                                const struct purchasing_entry *entries, size_t n, uint64_t first,
                                struct galen_errinfo *info)
{
    NODES_AUTO leaves = NULL;
    GALEN_ASSERT(n > 0);
    GALEN_TRY(make_leaves(&leaves, request_id, entries, n, first, info));
    node *tree = calloc(2 * n - 1, sizeof *tree);
    if (tree == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    build_tree(tree, (const node *)leaves, n);
    *out = tree;
    return GALEN_OK;
}

enum galen_err purchasing_part_root(uint8_t root32[32], uint64_t request_id,
                                    const struct purchasing_entry *entries, size_t n,
                                    uint64_t first, struct galen_errinfo *info)
{
    NODES_AUTO tree = NULL;
    GALEN_TRY(make_tree(&tree, request_id, entries, n, first, info));
    memcpy(root32, tree[0], 32);
    return GALEN_OK;
}

enum galen_err purchasing_part_proof(struct base_buf *proof, uint64_t request_id,
                                     const struct purchasing_entry *entries, size_t n,
                                     uint64_t first, size_t at, struct galen_errinfo *info)
{
    NODES_AUTO tree = NULL;
    GALEN_ASSERT(at < n);
    GALEN_TRY(make_tree(&tree, request_id, entries, n, first, info));
    for (size_t place = 2 * n - 2 - at; place > 0; place = (place - 1) / 2)
        if (base_buf_append(proof, tree[place % 2 == 1 ? place + 1 : place - 1], 32) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return GALEN_OK;
}

/* ---- which part ---------------------------------------------------------------------------------------- */

static enum galen_err part_root_on_chain(struct workflow *wf, uint8_t root32[32],
                                         uint64_t request_id, uint32_t part,
                                         struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_get_part_root(&call, purchasing_u256(request_id),
                                           purchasing_u256(part), info));
    GALEN_TRY(workflow_read_agreed(wf, &answer, &call, info));
    return datahub_decode_get_part_root(root32, answer.data, answer.len, info);
}

/* The part that begins at leaves[0]: the shortest prefix whose tree has this root. 0: none has. */
static size_t find_part(const node *leaves, size_t n, node *scratch, const uint8_t root32[32])
{
    for (size_t len = 1; len <= n; len++) {
        build_tree(scratch, leaves, len);
        if (memcmp(scratch[0], root32, 32) == 0)
            return len;
    }
    return 0;
}

enum galen_err purchasing_assign_parts(struct workflow *wf, uint64_t request_id,
                                       struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    if (chain.parts <= 1)
        return GALEN_OK; /* entries start out as part 0 */
    PURCHASING_ENTRIES_AUTO entries = {0};
    int64_t seen = 0;
    GALEN_TRY(count_seen(wf, request_id, &seen, info));
    GALEN_TRY(entries_read(wf, &entries, request_id, (size_t)seen, info));
    if (entries.n != chain.count)
        return base_fail(info, GALEN_ERR_STATE, "the delivered entries are not all known here");
    NODES_AUTO leaves = NULL;
    GALEN_TRY(make_leaves(&leaves, request_id, entries.items, entries.n, 0, info));
    /* One deliver call takes 400 entries at most. */
    enum { PART_MAX = 400 };
    NODES_AUTO scratch = calloc(2 * PART_MAX, sizeof *scratch);
    if (scratch == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    size_t first = 0;
    for (uint32_t part = 0; part < chain.parts; part++) {
        uint8_t root[32];
        size_t left = entries.n - first;
        GALEN_TRY(part_root_on_chain(wf, root, request_id, part, info));
        size_t len = find_part((const node *)leaves + first, left < PART_MAX ? left : PART_MAX,
                               scratch, root);
        if (len == 0)
            return base_fail(info, GALEN_ERR_CHECK,
                             "the entries seen do not make up the parts that the contract holds");
        GALEN_TRY(db_run(wf->db, info,
                         "UPDATE entry SET part = ? WHERE request_id = ? AND position >= ?"
                         " AND position < ?",
                         DB_INT(part), DB_INT(request_id), DB_INT(first), DB_INT(first + len)));
        first += len;
    }
    return GALEN_OK;
}

enum galen_err purchasing_load_proof(struct workflow *wf, struct purchasing_entries *entries,
                                     struct base_buf *proof, const struct purchasing_onchain *chain,
                                     size_t index, struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO read = {0};
    GALEN_TRY(purchasing_load_entries(wf, &read, chain, info));
    uint32_t part = read.items[index].part;
    size_t first = index;
    size_t end = index + 1;
    while (first > 0 && read.items[first - 1].part == part)
        first--;
    while (end < read.n && read.items[end].part == part)
        end++;
    GALEN_TRY(purchasing_part_proof(proof, chain->id, read.items + first, end - first, first,
                                    index - first, info));
    *entries = read;
    read = (struct purchasing_entries){0};
    return GALEN_OK;
}

static enum galen_err part_range(struct workflow *wf, uint64_t request_id, uint64_t index,
                                 uint64_t *first, size_t *n, uint32_t *part,
                                 struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT part, min(position), count(*) FROM entry WHERE request_id = ?1"
                       " AND part = (SELECT part FROM entry WHERE request_id = ?1"
                       " AND position = ?2) GROUP BY part",
                       DB_INT(request_id), DB_INT(index)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_STATE, "the entry is not known here");
    *part = (uint32_t)db_int(&rows, 0);
    *first = (uint64_t)db_int(&rows, 1);
    *n = (size_t)db_int(&rows, 2);
    return GALEN_OK;
}

enum galen_err purchasing_entry_anchored(struct workflow *wf, bool *same,
                                         const struct purchasing_onchain *chain, uint64_t index,
                                         struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    uint8_t computed[32];
    uint8_t root[32];
    uint64_t first = 0;
    size_t n = 0;
    uint32_t part = 0;
    int64_t seen = 0;
    int64_t parts = 0;
    GALEN_TRY(count_seen(wf, chain->id, &seen, info));
    if (seen != chain->count)
        return base_fail(info, GALEN_ERR_STATE, "the delivered entries are not all known here");
    GALEN_TRY(db_get_int(wf->db, &parts, 0, info,
                         "SELECT max(part) + 1 FROM entry WHERE request_id = ?",
                         DB_INT(chain->id)));
    if (parts < chain->parts)
        GALEN_TRY(purchasing_assign_parts(wf, chain->id, info));
    GALEN_TRY(part_range(wf, chain->id, index, &first, &n, &part, info));
    entries.items = calloc(n, sizeof *entries.items);
    if (entries.items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (; entries.n < n; entries.n++) {
        bool found = false;
        GALEN_TRY(purchasing_load_entry(wf, &found, &entries.items[entries.n], chain->id,
                                        first + entries.n, info));
        if (!found)
            return base_fail(info, GALEN_ERR_STATE, "the delivered entries have a gap");
    }
    GALEN_TRY(purchasing_part_root(computed, chain->id, entries.items, n, first, info));
    GALEN_TRY(part_root_on_chain(wf, root, chain->id, part, info));
    *same = memcmp(computed, root, 32) == 0;
    return GALEN_OK;
}

/* ---- consent ------------------------------------------------------------------------------------------- */

void purchasing_consent_valid(const struct workflow *wf, bool *valid, uint64_t request_id,
                              const struct purchasing_entry *entry)
{
    struct chain_share_consent message = {
        .request_id = purchasing_u256(request_id),
        .payout = entry->payout,
        .min_payout = entry->min_payout,
    };
    uint8_t digest32[32];
    memcpy(message.release_root, entry->release_root, 32);
    memcpy(message.bundle_digest, entry->bundle_digest, 32);
    chain_digest_share_consent(digest32, &wf->domain, &message);
    chain_verify(valid, &entry->release_addr, digest32, entry->consent);
}
