/* Fills a home's log of transactions, for tests of long lists:
 *   make-transactions HOME SENDER COUNT
 * Two years of them, the last one an hour old; every hundredth was refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"
#include "db/db.h"

static const struct {
    const char *workflow, *operation;
    int64_t gas;
} kinds[] = {
    {"storing", "storeDataFor", 60785},        {"storing", "storeBatch", 3767810},
    {"purchasing", "requestWithTerms", 76292}, {"purchasing", "deliver", 726740},
    {"sharing", "postShare", 41170},           {"setup", "setHospital", 47634},
};
enum { KINDS = sizeof kinds / sizeof *kinds, RAW = 700, PERIOD = 2 * 365 * 86400 };

static enum galen_err add(struct db *db, const struct chain_address *sender, int64_t i, int64_t n,
                          struct galen_errinfo *info)
{
    static const uint8_t raw[RAW];
    uint8_t hash[32];
    char total[32];
    const bool is_refused = i % 100 == 99;
    const size_t kind = (size_t)(is_refused ? i / 100 : i * 7 + i / 5) % KINDS;
    const int64_t time = base_time_s() - 3600 - (n - 1 - i) * (PERIOD / n);
    const int64_t gas = kinds[kind].gas + i % 97 * 13;
    memset(hash, 0x5a, sizeof hash);
    memcpy(hash, &i, sizeof i);
    snprintf(total, sizeof total, "%lld", (long long)(gas * INT64_C(1200000007)));
    return db_run(db, info,
                  "INSERT INTO tx (hash, sender, role, workflow, operation, nonce, raw, value_wei,"
                  " gas_estimate, gas_limit, max_fee_wei, max_priority_fee_wei, status, reason,"
                  " block_number, block_time, gas_used, base_fee_wei, effective_gas_price_wei,"
                  " total_wei, created_at) VALUES (?, ?, 'hospital', ?, ?, ?, ?, '0', ?, ?,"
                  " '2400000014', '200000007', ?, ?, ?, ?, ?, '1000000000', '1200000007', ?, ?)",
                  DB_BLOB(hash, sizeof hash), DB_BLOB(sender->bytes, 20),
                  DB_TEXT(kinds[kind].workflow), DB_TEXT(kinds[kind].operation),
                  DB_INT(1000000 + i), DB_BLOB(raw, sizeof raw), DB_INT(gas + gas / 20),
                  DB_INT(gas + gas / 5), DB_TEXT(is_refused ? "reverted" : "succeeded"),
                  DB_TEXT(is_refused ? "<img src=x onerror=alert(1)>" : NULL), DB_INT(1000 + i),
                  DB_INT(time), DB_INT(gas), DB_TEXT(total), DB_INT(time));
}

static enum galen_err fill(char **argv, struct galen_errinfo *info)
{
    struct chain_address sender;
    struct db *db = NULL;
    char path[4096];
    const int64_t n = atoll(argv[3]);
    snprintf(path, sizeof path, "%s/galen.db", argv[1]);
    GALEN_TRY(chain_address_parse(&sender, argv[2], info));
    GALEN_TRY(db_open(&db, path, info));
    struct db_transaction tx = {0};
    enum galen_err err = db_begin(&tx, db, info);
    for (int64_t i = 0; i < n && err == GALEN_OK; i++)
        err = add(db, &sender, i, n, info);
    if (err == GALEN_OK)
        err = db_commit(&tx, info);
    db_rollback(&tx);
    db_close(&db);
    return err;
}

int main(int argc, char **argv)
{
    struct galen_errinfo info = {0};
    if (argc != 4)
        return 2;
    enum galen_err err = base_init(&info);
    if (err == GALEN_OK)
        err = fill(argv, &info);
    if (err != GALEN_OK)
        fprintf(stderr, "make-transactions: %s\n", info.what);
    return err == GALEN_OK ? 0 : 1;
}
