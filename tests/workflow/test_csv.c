/* Rows that other programs read. */
#include "workflow/internal.h"

#include "../test.h"

static void cells_are_quoted(void **state)
{
    static const struct {
        const char *cell, *row;
    } cases[] = {
        {"plain", "\"plain\"\r\n"},
        {"", "\"\"\r\n"},
        {NULL, "\"\"\r\n"},
        {"a \"b\", c", "\"a \"\"b\"\", c\"\r\n"},
        {"two\r\nlines", "\"two\r\nlines\"\r\n"},
        {"-12.5", "\"-12.5\"\r\n"},
        {"=1+1", "\"'=1+1\"\r\n"},
        {"+1", "\"'+1\"\r\n"},
        {"-1+1", "\"'-1+1\"\r\n"},
        {"-", "\"'-\"\r\n"},
        {"@SUM(A1)", "\"'@SUM(A1)\"\r\n"},
        {"\t=1", "\"'\t=1\"\r\n"},
        {"\r=1", "\"'\r=1\"\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BASE_BUF_AUTO out = {0};
        assert_int_equal(workflow_csv_row(&out, &cases[i].cell, 1, NULL), GALEN_OK);
        assert_string_equal((const char *)out.data, cases[i].row);
    }
}

static void cells_have_commas_between(void **state)
{
    static const char *const cells[] = {"a", NULL, "b"};
    BASE_BUF_AUTO out = {0};
    assert_int_equal(workflow_csv_row(&out, cells, 3, NULL), GALEN_OK);
    assert_string_equal((const char *)out.data, "\"a\",\"\",\"b\"\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted),
        cmocka_unit_test(cells_have_commas_between),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
