/* Which records may be sold together: k, l and differences, over cards made here. */
#include "market.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* A letter a card: patient, class (age band), diagnosis; is_in and is_sold from strings of the same
 * length, 'x' for yes. Roots are in the order given. */
static void make_cards(struct purchasing_cards *cards, struct purchasing_sale *sale,
                       const char *patients, const char *classes, const char *diagnoses,
                       const char *in, const char *sold)
{
    size_t n = strlen(patients);
    assert_int_equal(strlen(classes), n);
    assert_int_equal(strlen(diagnoses), n);
    assert_int_equal(strlen(in), n);
    assert_int_equal(strlen(sold), n);
    cards->items = calloc(n + 1, sizeof *cards->items);
    sale->is_sold = calloc(n + 1, sizeof(bool));
    cards->n = n;
    for (size_t i = 0; i < n; i++) {
        struct purchasing_card *card = &cards->items[i];
        char text[64];
        snprintf(text, sizeof text, "{\"demographics\":{\"age\":\"%c\",\"gender\":\"female\"}}",
                 classes[i]);
        OK(record_json_parse(&card->demographics, text, strlen(text), sizeof text, INFO));
        card->record_root[0] = (uint8_t)(i >> 8);
        card->record_root[1] = (uint8_t)i;
        card->patient.bytes[0] = (uint8_t)patients[i];
        card->diagnosis = strndup(&diagnoses[i], 1);
        card->fits = true;
        card->is_in = in[i] == 'x';
        sale->is_sold[i] = sold[i] == 'x';
    }
}

static void expect(const char *patients, const char *classes, const char *diagnoses, const char *in,
                   const char *sold, unsigned sold_asked, uint32_t k, const char *left)
{
    const struct record_template wanted = {.age = true, .diagnosis = true};
    PURCHASING_CARDS_AUTO cards = {0};
    PURCHASING_SALES_AUTO sales = {.items = calloc(1, sizeof *sales.items), .n = 1};
    sales.items[0].asked = sold_asked;
    char got[64] = "";
    make_cards(&cards, &sales.items[0], patients, classes, diagnoses, in, sold);
    OK(purchasing_suppress(&cards, &sales, &wanted, k, INFO));
    for (size_t i = 0; i < cards.n; i++)
        got[i] = cards.items[i].is_in ? 'x' : '.';
    assert_string_equal(got, left);
}

static void small_classes_are_left_out(void **state)
{
    /* 3 patients of class 1, 2 of class 2 */
    expect("abcde", "11122", "pqpqp", "xxxxx", ".....", 1, 2, "xxxxx");
    expect("abcde", "11122", "pqpqp", "xxxxx", ".....", 1, 3, "xxx..");
    expect("abcde", "11122", "pqpqp", "xxxxx", ".....", 1, 4, ".....");
    /* patients count, not records */
    expect("aaabb", "11111", "pqppq", "xxxxx", ".....", 1, 3, ".....");
    /* nor records that are not in question */
    expect("abc", "111", "pqp", "xx.", "...", 1, 3, "...");
}

static void one_diagnosis_for_all_is_left_out(void **state)
{
    expect("abcd", "1122", "pppq", "xxxx", "....", 1, 2, "..xx");
    /* what all have, beside what some have */
    expect("aabb", "1111", "pqpr", "xxxx", "....", 1, 2, "....");
    expect("aabb", "1111", "pqrs", "xxxx", "....", 1, 2, "xxxx");
}

static void differences_single_nobody_out(void **state)
{
    /* the same set again */
    expect("abcdef", "111111", "pqpqpq", "xxxxxx", "xxxxxx", 1, 2, "xxxxxx");
    /* one more than before: it stays out; two more may come at k = 2, not at 3 */
    expect("abcdef", "111111", "pqpqpq", "xxxxxx", "xxxxx.", 1, 2, "xxxxx.");
    expect("abcdef", "111111", "pqpqpq", "xxxxxx", "xxxx..", 1, 2, "xxxxxx");
    expect("abcdef", "111111", "pqpqpq", "xxxxxx", "xxxx..", 1, 3, "xxxx..");
    /* one fewer: another one goes, so that two are missing */
    expect("abcdef", "111111", "pqpqpq", "xxxxx.", "xxxxxx", 1, 2, ".xxxx.");
    /* two records of those who were sold, and of few enough left nothing is */
    expect("abcd", "1111", "pqpq", "xxx.", "xxxx", 1, 3, "....");
    /* another record of the same patient is a difference as well */
    expect("aabbcc", "111111", "pqrspq", "xxxxxx", "x.xxxx", 1, 2, "x.xxxx");
    /* disjoint sets show nothing of each other */
    expect("abcdef", "111111", "pqpqpq", "xxx...", "...xxx", 1, 3, "xxx...");
    /* one in each of two classes: seen apart if the earlier buyer saw ages too, else together */
    expect("abcdef", "111222", "pqrpqr", "xxxxxx", ".xxxx.", 1, 2, ".xxxx.");
    expect("abcdef", "111222", "pqrpqr", "xxxxxx", ".xxxx.", 2, 2, "xxxxxx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_classes_are_left_out),
        cmocka_unit_test(one_diagnosis_for_all_is_left_out),
        cmocka_unit_test(differences_single_nobody_out),
    };
    return cmocka_run_group_tests_name("anonymity", tests, NULL, NULL);
}
