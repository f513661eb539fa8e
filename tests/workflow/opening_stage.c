/* Steps of opening and revocation for the tests. */
#include "opening_stage.h"

#include <string.h>

void stage_commit_registry(struct fixture *fx)
{
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
}

void stage_ask_opening(struct fixture *fx, const char *root_hex, char id_hex[65])
{
    const struct opening_target target = {.record = root_hex};
    RECORD_JSON_AUTO made = NULL;
    OK(opening_request(fx->home[GM], &fx->who[GM], &target, "values nobody measured", &made, INFO));
    snprintf(id_hex, 65, "%s", fixture_text(made, "id") + 2);
    assert_int_equal(fixture_settle(fx), 0);
}

void stage_open(struct fixture *fx, const char *root_hex, char id_hex[65])
{
    stage_ask_opening(fx, root_hex, id_hex);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id_hex, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

void stage_reveal(struct fixture *fx, const char *id_hex)
{
    OK(opening_reveal(fx->home[GM], &fx->who[GM], id_hex, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(opening_reveal_approve(fx->home[RM], &fx->who[RM], id_hex, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

struct json_object *stage_show(struct workflow *wf, const char *id_hex)
{
    struct json_object *shown = NULL;
    OK(opening_show(wf, id_hex, &shown, INFO));
    return shown;
}

int64_t stage_send(struct fixture *fx, enum fixture_home from, enum fixture_home to,
                   const char *kind, struct json_object *body)
{
    uint8_t id32[32];
    base_random(id32, sizeof id32);
    OK(message_send(fx->home[from], &fx->who[from], &fx->who[to], kind, id32, body, INFO));
    return fixture_settle(fx);
}

void stage_member(struct fixture *fx, const struct chain_address *wallet,
                  struct group_member *member, uint8_t salt[32])
{
    uint8_t fingerprint[32], commitment[48];
    bool found = false;
    {
        DB_ROWS_AUTO rows = {0};
        OK(db_query(&rows, fx->home[GM]->db, INFO,
                    "SELECT fingerprint, commitment FROM member WHERE wallet = ?",
                    DB_BLOB(wallet->bytes, 20)));
        OK(db_next(&rows, &found, INFO));
        assert_true(found);
        OK(db_bytes(&rows, 0, fingerprint, 32, INFO));
        OK(db_bytes(&rows, 1, commitment, 48, INFO));
    }
    OK(group_find_member(fx->home[GM], &found, member, salt, &fx->who[GM], true, fingerprint,
                         commitment, INFO));
    assert_true(found);
}
