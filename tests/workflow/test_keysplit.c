/* A manager's secrets among custodians: any K restore them, fewer or altered ones do not. */
#include "fixture.h"

#include "workflow/keysplit.h"

#include <stdlib.h>
#include <string.h>

#define N 4
#define K 3

/* The custodians are of four homes; who restores is an identity of a new home. */
static const enum fixture_home holder[N] = {RM, HOSPITAL, DOCTOR, BUYER};

struct stage {
    struct workflow *fresh;
    struct chain_address reader;
    struct json_object *files;     /* as the GM's home made them */
    struct json_object *opened[N]; /* as the custodians handed them over */
};

static void stage_clear(struct stage *stage)
{
    workflow_close(&stage->fresh);
    json_object_put(stage->files);
    for (int i = 0; i < N; i++)
        json_object_put(stage->opened[i]);
}
#define STAGE_AUTO GALEN_CLEANUP(stage_clear) struct stage

static struct json_object *split(struct fixture *fx)
{
    struct json_object *files = NULL;
    struct chain_address custodians[N];
    for (int i = 0; i < N; i++)
        custodians[i] = fx->who[holder[i]];
    OK(workflow_keysplit(fx->home[GM], &fx->who[GM], K, custodians, N, &files, INFO));
    assert_int_equal(json_object_array_length(files), N);
    return files;
}

static struct json_object *hand_over(struct fixture *fx, struct stage *stage,
                                     struct json_object *files, int i)
{
    struct json_object *opened = NULL;
    OK(workflow_keysplit_open(fx->home[holder[i]], json_object_array_get_idx(files, (size_t)i),
                              &stage->reader, &opened, INFO));
    return opened;
}

static void stage_make(struct fixture *fx, struct stage *stage, const char *name)
{
    stage->fresh = fixture_extra_home(fx, name, "gm", &stage->reader);
    for (int i = 0; i < N; i++)
        fixture_give_card(stage->fresh, &stage->reader, fx->home[holder[i]]);
    stage->files = split(fx);
    for (int i = 0; i < N; i++)
        stage->opened[i] = hand_over(fx, stage, stage->files, i);
}

static enum galen_err combine(struct stage *stage, const int *which, size_t n)
{
    static const char *const all[N] = {"file-1", "file-2", "file-3", "file-4"};
    struct json_object *files[N];
    const char *names[N];
    for (size_t i = 0; i < n; i++) {
        files[i] = stage->opened[which[i]];
        names[i] = all[which[i]];
    }
    RECORD_JSON_AUTO result = NULL;
    return workflow_keysplit_combine(stage->fresh, &stage->reader, files, names, n, &result, INFO);
}

static bool same_secret(struct fixture *fx, struct workflow *other, const char *prefix)
{
    BASE_SECRET_AUTO a = {0};
    BASE_SECRET_AUTO b = {0};
    OK(workflow_secret_get(fx->home[GM], &a, prefix, &fx->who[GM], INFO));
    OK(workflow_secret_get(other, &b, prefix, &fx->who[GM], INFO));
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void any_k_restore(void **state)
{
    struct fixture *fx = *state;
    static const int sets[][N] = {{0, 1, 2, 3}, {3, 1, 0, 2}, {2, 3, 1, 0}};
    for (size_t s = 0; s < 3; s++) {
        STAGE_AUTO stage = {0};
        char name[32];
        snprintf(name, sizeof name, "fresh-%zu", s);
        stage_make(fx, &stage, name);
        OK(combine(&stage, sets[s], s == 2 ? N : K));
        static const char *const prefixes[] = {WORKFLOW_KEY_WALLET, WORKFLOW_KEY_JWK,
                                               WORKFLOW_KEY_SALE, WORKFLOW_KEY_GM};
        for (size_t i = 0; i < 4; i++)
            assert_true(same_secret(fx, stage.fresh, prefixes[i]));
        /* two managers now: the reader and the restored one */
        struct chain_address found;
        FAILS(GALEN_ERR_USAGE, workflow_identity_find(stage.fresh, &found, NULL, "gm", INFO));
        OK(workflow_identity_find(stage.fresh, &found, "group-manager", "gm", INFO));
        assert_true(chain_address_equal(&found, &fx->who[GM]));
        FAILS(GALEN_ERR_EXISTS, combine(&stage, sets[s], K));
    }
}

static void fewer_are_told(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    static const int two[] = {0, 1};
    static const int twice[] = {0, 1, 1};
    stage_make(fx, &stage, "few");
    FAILS(GALEN_ERR_STATE, combine(&stage, two, 2));
    assert_non_null(strstr(fixture_last_info()->what, "2 of the 3"));
    FAILS(GALEN_ERR_USAGE, combine(&stage, twice, 3));
    assert_non_null(strstr(fixture_last_info()->what, "file-2"));
    assert_int_equal(fixture_count(stage.fresh, "SELECT count(*) FROM identity"), 1);
}

static void mixed_splits_are_told(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    static const int three[] = {0, 1, 2};
    stage_make(fx, &stage, "mixed");
    RECORD_JSON_AUTO other = split(fx);
    json_object_put(stage.opened[1]);
    stage.opened[1] = hand_over(fx, &stage, other, 1);
    FAILS(GALEN_ERR_CHECK, combine(&stage, three, 3));
    assert_non_null(strstr(fixture_last_info()->what, "different splits"));
    assert_non_null(strstr(fixture_last_info()->what, "file-2"));
}

/* One character of a text, changed to another that may stand there. */
static void change(struct json_object *object, const char *key, size_t at)
{
    struct json_object *value = NULL;
    assert_true(json_object_object_get_ex(object, key, &value));
    BASE_TEXT_AUTO text = strdup(json_object_get_string(value));
    assert_true(at < strlen(text));
    text[at] = text[at] == '3' ? '4' : '3';
    json_object_object_add(object, key, json_object_new_string(text));
}

static void altered_files_are_named(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    static const int three[] = {0, 1, 2};
    static const struct {
        const char *key;
        size_t at;
        bool in_header;
    } cases[] = {
        {"payload", 200, false}, {"share", 200, false}, {"share", 20, false}, {"id", 5, true},
        {"address", 8, true},    {"name", 0, true},     {"payload", 9, true},
    };
    stage_make(fx, &stage, "altered");
    struct json_object *good = stage.opened[1];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(record_json_copy(&stage.opened[1], good, INFO));
        change(cases[i].in_header ? fixture_member(stage.opened[1], "header") : stage.opened[1],
               cases[i].key, cases[i].at);
        enum galen_err err = combine(&stage, three, 3);
        if (err == GALEN_OK || strstr(fixture_last_info()->what, "file-2") == NULL)
            fail_msg("%s: %s, %s", cases[i].key, galen_err_name(err), fixture_last_info()->what);
        json_object_put(stage.opened[1]);
    }
    /* a number that is another's, a threshold that is lower */
    OK(record_json_copy(&stage.opened[1], good, INFO));
    json_object_object_add(stage.opened[1], "number", json_object_new_int(4));
    FAILS(GALEN_ERR_CHECK, combine(&stage, three, 3));
    assert_non_null(strstr(fixture_last_info()->what, "file-2"));
    json_object_put(stage.opened[1]);
    stage.opened[1] = good;
    for (int i = 0; i < 2; i++)
        json_object_object_add(fixture_member(stage.opened[i], "header"), "threshold",
                               json_object_new_int(2));
    FAILS(GALEN_ERR_CHECK, combine(&stage, three, 2));
    assert_int_equal(fixture_count(stage.fresh, "SELECT count(*) FROM identity"), 1);
}

static void only_who_it_is_for_opens(void **state)
{
    struct fixture *fx = *state;
    STAGE_AUTO stage = {0};
    RECORD_JSON_AUTO opened = NULL;
    stage_make(fx, &stage, "others");
    struct json_object *file = json_object_array_get_idx(stage.files, 0);
    FAILS(GALEN_ERR_NOT_FOUND,
          workflow_keysplit_open(fx->home[BUYER], file, &fx->who[BUYER], &opened, INFO));
    /* what was handed over to the new home is of no use to another reader */
    struct json_object *files[K] = {stage.opened[0], stage.opened[1], stage.opened[2]};
    static const char *const names[K] = {"a", "b", "c"};
    FAILS(GALEN_ERR_CHECK,
          workflow_keysplit_combine(fx->home[BUYER], &fx->who[BUYER], files, names, K, NULL, INFO));
    /* nor are the custodians' own files */
    for (size_t i = 0; i < K; i++)
        files[i] = json_object_array_get_idx(stage.files, i);
    FAILS(GALEN_ERR_CHECK,
          workflow_keysplit_combine(stage.fresh, &stage.reader, files, names, K, NULL, INFO));
}

static void terms_are_checked(void **state)
{
    struct fixture *fx = *state;
    struct json_object *files = NULL;
    struct chain_address who[3] = {fx->who[RM], fx->who[BUYER], fx->who[RM]};
    struct workflow *gm = fx->home[GM];
    FAILS(GALEN_ERR_USAGE, workflow_keysplit(gm, &fx->who[GM], 2, who, 3, &files, INFO));
    FAILS(GALEN_ERR_USAGE, workflow_keysplit(gm, &fx->who[GM], 1, who, 2, &files, INFO));
    FAILS(GALEN_ERR_USAGE, workflow_keysplit(gm, &fx->who[GM], 3, who, 2, &files, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_keysplit(gm, &fx->who[RM], 2, who, 2, &files, INFO));
    assert_null(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_k_restore),
        cmocka_unit_test(fewer_are_told),
        cmocka_unit_test(mixed_splits_are_told),
        cmocka_unit_test(altered_files_are_named),
        cmocka_unit_test(only_who_it_is_for_opens),
        cmocka_unit_test(terms_are_checked),
    };
    return cmocka_run_group_tests(tests, fixture_grouped, fixture_tear_down);
}
