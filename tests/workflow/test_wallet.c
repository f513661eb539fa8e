/* Identities whose wallet is elsewhere: messages by a delegated key and what is no delegation, its
 * renewal, what the key may not sign, and such an identity among custodians. */
#include "fixture.h"

#include "workflow/keysplit.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S ((int64_t)86400)

/* ---- the wallet ------------------------------------------------------------------------------------- */

/* A home with one identity of a wallet that the test holds. */
struct stage {
    struct workflow *home;
    struct chain_key wallet;
};
static void stage_clear(struct stage *stage)
{
    workflow_close(&stage->home);
    chain_key_clear(&stage->wallet);
}
#define STAGE_AUTO GALEN_CLEANUP(stage_clear) struct stage

static void stage_make(struct fixture *fx, struct stage *stage, const char *name)
{
    struct chain_address other;
    OK(chain_key_generate(&stage->wallet, INFO));
    stage->home = fixture_extra_home(fx, name, "patient", &other);
    OK(workflow_identity_browser(stage->home, &stage->wallet.address, "elsewhere", "buyer", false,
                                 INFO));
    for (int i = 0; i < FIXTURE_HOMES; i++)
        fixture_give_card(fx->home[i], &fx->who[i], stage->home);
}

/* Signs the newest open question; gives its id. */
static void answer(struct stage *stage, const struct chain_key *key, enum galen_err expected)
{
    DB_ROWS_AUTO rows = {0};
    uint8_t id[WORKFLOW_INTENT_ID], digest[32], sig65[CHAIN_SIGNATURE_BYTES];
    bool found = false;
    OK(db_query(&rows, stage->home->db, INFO,
                "SELECT id, digest FROM intent WHERE signature IS NULL AND cancelled_at IS NULL"
                " AND kind = 'signature' ORDER BY rowid DESC LIMIT 1"));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(db_bytes(&rows, 0, id, sizeof id, INFO));
    OK(db_bytes(&rows, 1, digest, sizeof digest, INFO));
    db_rows_end(&rows);
    OK(chain_key_sign(key, digest, sig65, INFO));
    FAILS(expected, workflow_intent_signed(stage->home, id, sig65, NULL, INFO));
}

static void node_key(struct stage *stage, struct chain_key *key)
{
    BASE_SECRET_AUTO secret = {0};
    OK(workflow_secret_get(stage->home, &secret, WORKFLOW_KEY_NODE, &stage->wallet.address, INFO));
    OK(chain_key_from_bytes(key, secret.data, INFO));
}

/* The wallet allows the key until then, as if it had been asked. */
static void allow_until(struct stage *stage, int64_t expiry)
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t digest[32];
    node_key(stage, &key);
    struct workflow_delegation delegation = {.key = key.address, .expiry = expiry};
    workflow_delegation_digest(stage->home, digest, &delegation);
    OK(chain_key_sign(&stage->wallet, digest, delegation.signature, INFO));
    OK(db_run(stage->home->db, INFO, "INSERT OR REPLACE INTO node_key VALUES (?, ?, ?, ?)",
              DB_BLOB(stage->wallet.address.bytes, 20), DB_BLOB(key.address.bytes, 20),
              DB_INT(expiry), DB_BLOB(delegation.signature, sizeof delegation.signature)));
}

/* A share that is none: its signature is looked at before its body. */
static enum galen_err send(struct fixture *fx, struct stage *stage, uint8_t number)
{
    RECORD_JSON_AUTO body = NULL;
    const uint8_t id[32] = {number};
    if (workflow_object(&body, NULL) != GALEN_OK)
        return GALEN_ERR_NOMEM;
    return message_send(stage->home, &stage->wallet.address, &fx->who[DOCTOR], MESSAGE_SHARE, id,
                        body, INFO);
}

/* Whether the doctor's home took the mail's message for one of the wallet's: what it says of it. */
static void bring(struct fixture *fx, struct json_object *mail, const char *reason)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(workflow_mail_import(fx->home[DOCTOR], mail, NULL, INFO));
    json_object_put(fixture_sync(fx->home[DOCTOR]));
    OK(db_query(&rows, fx->home[DOCTOR]->db, INFO,
                "SELECT reason FROM inbox ORDER BY rowid DESC LIMIT 1"));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    if (strstr(db_text(&rows, 0), reason) == NULL)
        fail_msg("'%s' and not '%s'", db_text(&rows, 0), reason);
}

/* ---- messages ---------------------------------------------------------------------------------------- */

static void messages_wait_for_the_wallet_s_word(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    CHAIN_KEY_AUTO key = {0};
    RECORD_JSON_AUTO mail = NULL;
    stage_make(fx, &stage, "word");
    FAILS(GALEN_ERR_WALLET, send(fx, &stage, 1));
    FAILS(GALEN_ERR_WALLET, send(fx, &stage, 1)); /* the same question */
    assert_int_equal(fixture_count(stage.home, "SELECT count(*) FROM intent"), 1);
    assert_int_equal(fixture_count(stage.home, "SELECT count(*) FROM outbox"), 0);
    node_key(&stage, &key);
    answer(&stage, &key, GALEN_ERR_CHECK); /* it cannot allow itself */
    answer(&stage, &stage.wallet, GALEN_OK);
    OK(send(fx, &stage, 1));
    assert_int_equal(fixture_count(stage.home, "SELECT count(*) FROM intent"), 1);
    OK(workflow_mail_export(stage.home, NULL, &mail, INFO));
    bring(fx, mail, "share"); /* it is the empty body that is wrong */
}

static void the_word_is_renewed(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    RECORD_JSON_AUTO mail = NULL;
    stage_make(fx, &stage, "renewal");
    allow_until(&stage, base_time_s() + 45 * DAY_S);
    OK(send(fx, &stage, 1));
    assert_int_equal(fixture_count(stage.home, "SELECT count(*) FROM intent"), 0);
    /* In good time: the message goes, for as long as the word lasts, and the next one is asked. */
    allow_until(&stage, base_time_s() + 5 * DAY_S);
    OK(send(fx, &stage, 2));
    OK(send(fx, &stage, 3));
    assert_int_equal(fixture_count(stage.home, "SELECT count(*) FROM intent"), 1);
    OK(workflow_mail_export(stage.home, NULL, &mail, INFO));
    bring(fx, mail, "share");
    /* Too late. */
    allow_until(&stage, base_time_s() + 3600);
    FAILS(GALEN_ERR_WALLET, send(fx, &stage, 4));
    allow_until(&stage, base_time_s() - 1);
    FAILS(GALEN_ERR_WALLET, send(fx, &stage, 4));
    answer(&stage, &stage.wallet, GALEN_OK);
    OK(send(fx, &stage, 4));
    assert_true(fixture_count(stage.home, "SELECT expiry FROM node_key") >
                base_time_s() + 80 * DAY_S);
    /* A word for another contract is none here. */
    allow_until(&stage, base_time_s() + 60 * DAY_S);
    stage.home->domain.contract.bytes[0] ^= 1;
    FAILS(GALEN_ERR_WALLET, send(fx, &stage, 5));
}

/* ---- what is no delegation ------------------------------------------------------------------------------ */

/* What a forger decides of a message and its delegation. */
struct forged {
    int64_t expiry, until;          /* from now on */
    const struct chain_key *signer; /* of the message */
    const struct chain_key *word;   /* who signs the delegation */
    struct chain_address key;       /* that it is for */
    const char *extra, *missing;    /* members of the delegation */
    bool without_sender, bad_checksum;
};

static struct json_object *forge(struct fixture *fx, struct stage *stage,
                                 const struct forged *forged)
{
    struct chain_inbox_message typed = {
        .recipient = fx->who[DOCTOR],
        .kind = {(const uint8_t *)MESSAGE_SHARE, strlen(MESSAGE_SHARE)}};
    struct workflow_delegation delegation = {.key = forged->key,
                                             .expiry = base_time_s() + forged->until};
    RECORD_JSON_AUTO message = NULL;
    RECORD_JSON_AUTO word = NULL;
    struct json_object *body = NULL;
    uint8_t digest[32], sig65[CHAIN_SIGNATURE_BYTES];
    base_random(typed.id, sizeof typed.id);
    typed.expiry = (uint64_t)(base_time_s() + forged->expiry);
    OK(workflow_object(&body, INFO));
    OK(record_json_hash(typed.body_hash, body, INFO));
    chain_digest_inbox_message(digest, &stage->home->domain, &typed);
    OK(chain_key_sign(forged->signer, digest, sig65, INFO));
    workflow_delegation_digest(stage->home, digest, &delegation);
    OK(chain_key_sign(forged->word, digest, delegation.signature, INFO));
    OK(workflow_object(&word, INFO));
    OK(workflow_set_address(word, "key", &delegation.key, INFO));
    if (forged->bad_checksum)
        OK(workflow_set_text(word, "key", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", INFO));
    OK(workflow_set_int(word, "expiry", delegation.expiry, INFO));
    OK(record_json_set_hex(word, "signature", delegation.signature, sizeof delegation.signature,
                           INFO));
    if (forged->extra != NULL)
        OK(workflow_set_text(word, forged->extra, "", INFO));
    if (forged->missing != NULL)
        json_object_object_del(word, forged->missing);
    OK(workflow_object(&message, INFO));
    OK(workflow_set_text(message, "type", MESSAGE_TYP, INFO));
    OK(workflow_set_address(message, "recipient", &typed.recipient, INFO));
    OK(workflow_set_text(message, "kind", MESSAGE_SHARE, INFO));
    OK(record_json_set_hex(message, "id", typed.id, 32, INFO));
    OK(workflow_set_int(message, "expiry", (int64_t)typed.expiry, INFO));
    OK(workflow_set_object(message, "body", &body, INFO));
    if (!forged->without_sender) {
        OK(workflow_set_address(message, "sender", &stage->wallet.address, INFO));
        OK(record_json_set_hex(message, "signature", sig65, sizeof sig65, INFO));
    }
    OK(workflow_set_object(message, "delegation", &word, INFO));
    return fixture_mail(stage->home, &typed.recipient, message);
}

static void no_delegation_is_taken(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    CHAIN_KEY_AUTO key = {0};
    CHAIN_KEY_AUTO other = {0};
    stage_make(fx, &stage, "forger");
    node_key(&stage, &key);
    OK(chain_key_generate(&other, INFO));
    const struct {
        struct forged forged;
        const char *reason;
    } cases[] = {
        {{5 * DAY_S, 5 * DAY_S, &key, &stage.wallet, key.address}, "share"}, /* all right */
        {{5 * DAY_S, 5 * DAY_S - 60, &key, &stage.wallet, key.address}, "lasts longer"},
        {{5 * DAY_S, -1, &key, &stage.wallet, key.address}, "lasts longer"},
        {{-1, 5 * DAY_S, &key, &stage.wallet, key.address}, "has expired"},
        {{5 * DAY_S, 9 * DAY_S, &key, &other, key.address}, "has not allowed"},
        {{5 * DAY_S, 9 * DAY_S, &key, &key, key.address}, "has not allowed"},
        {{5 * DAY_S, 9 * DAY_S, &other, &stage.wallet, key.address}, "not valid"},
        {{5 * DAY_S, 9 * DAY_S, &stage.wallet, &stage.wallet, key.address}, "not valid"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .extra = "more"}, "more"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .missing = "key"}, "key"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .missing = "expiry"}, "expiry"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .missing = "signature"},
         "signature"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .bad_checksum = true}, "key"},
        {{5 * DAY_S, 9 * DAY_S, &key, &stage.wallet, key.address, .without_sender = true},
         "without a sender"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO mail = forge(fx, &stage, &cases[i].forged);
        bring(fx, mail, cases[i].reason);
    }
}

/* ---- what the key may not sign -------------------------------------------------------------------------- */

static void the_key_signs_messages_alone(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    CHAIN_KEY_AUTO key = {0};
    RECORD_JSON_AUTO card = NULL;
    struct chain_address owner;
    stage_make(fx, &stage, "card");
    allow_until(&stage, base_time_s() + 60 * DAY_S);
    node_key(&stage, &key);
    FAILS(GALEN_ERR_WALLET,
          workflow_card_make(stage.home, &stage.wallet.address, NULL, &card, INFO));
    answer(&stage, &key, GALEN_ERR_CHECK);
    answer(&stage, &stage.wallet, GALEN_OK);
    OK(workflow_card_make(stage.home, &stage.wallet.address, NULL, &card, INFO));
    OK(workflow_card_add(fx->home[DOCTOR], card, &owner, INFO));
    assert_true(chain_address_equal(&owner, &stage.wallet.address));
    /* The same card with the key's signature. */
    struct chain_profile profile = {.owner = owner,
                                    .nonce = (uint64_t)fixture_number(card, "nonce"),
                                    .expiry = (uint64_t)fixture_number(card, "expiry")};
    BASE_BUF_AUTO text = {0};
    uint8_t digest[32], sig65[CHAIN_SIGNATURE_BYTES];
    OK(record_json_jcs(&text, fixture_member(card, "profile"), INFO));
    store_digest(profile.profile_cid, text.data, text.len);
    chain_digest_profile(digest, &stage.home->domain, &profile);
    OK(chain_key_sign(&key, digest, sig65, INFO));
    OK(record_json_set_hex(card, "signature", sig65, sizeof sig65, INFO));
    FAILS(GALEN_ERR_CHECK, workflow_card_add(fx->home[RM], card, &owner, INFO));
    /* Nor is there a key for transactions. */
    struct chain_key none = {0};
    FAILS(GALEN_ERR_UNSUPPORTED, workflow_wallet(stage.home, &none, &stage.wallet.address, INFO));
}

/* ---- custodians ------------------------------------------------------------------------------------------- */

static void custodians_restore_it(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    GALEN_CLEANUP(workflow_close) struct workflow *fresh = NULL;
    struct chain_address reader;
    RECORD_JSON_AUTO files = NULL;
    struct json_object *opened[2] = {NULL};
    static const char *const names[] = {"one", "two"};
    const struct chain_address custodians[] = {fx->who[RM], fx->who[HOSPITAL]};
    static const enum fixture_home holders[] = {RM, HOSPITAL};
    bool is_browser = false;
    stage_make(fx, &stage, "split");
    fresh = fixture_extra_home(fx, "restored", "gm", &reader);
    OK(workflow_keysplit(stage.home, &stage.wallet.address, 2, custodians, 2, &files, INFO));
    for (int i = 0; i < 2; i++) {
        fixture_give_card(fresh, &reader, fx->home[holders[i]]);
        OK(workflow_keysplit_open(fx->home[holders[i]], json_object_array_get_idx(files, (size_t)i),
                                  &reader, &opened[i], INFO));
    }
    OK(workflow_keysplit_combine(fresh, &reader, opened, names, 2, NULL, INFO));
    OK(workflow_is_browser(fresh, &is_browser, &stage.wallet.address, INFO));
    assert_true(is_browser);
    for (int i = 0; i < 2; i++)
        json_object_put(opened[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_wait_for_the_wallet_s_word),
        cmocka_unit_test(the_word_is_renewed),
        cmocka_unit_test(no_delegation_is_taken),
        cmocka_unit_test(the_key_signs_messages_alone),
        cmocka_unit_test(custodians_restore_it),
    };
    return cmocka_run_group_tests_name("wallet", tests, fixture_connected, fixture_tear_down);
}
