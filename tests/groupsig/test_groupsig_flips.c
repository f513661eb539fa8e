/*
 * Single bits: every bit of every object that goes over the wire, and of the message, flipped. The
 * secrets, which nobody sends, one bit in every byte.
 */
#include "objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void flip_every_bit(const struct object *object)
{
    uint8_t bytes[OBJECT_MAX_BYTES];
    memcpy(bytes, object->bytes, object->len);
    for (size_t bit = 0; bit < 8 * object->len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (object->accepts(bytes, object->len))
            fail_msg("%s accepted with bit %zu flipped", object->name, bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    if (!object->accepts(bytes, object->len)) /* control */
        fail_msg("%s refused", object->name);
}

static void flip_every_byte(const struct object *object)
{
    uint8_t bytes[OBJECT_MAX_BYTES];
    memcpy(bytes, object->bytes, object->len);
    for (size_t i = 0; i < object->len; i++) {
        bytes[i] ^= (uint8_t)(1 << i % 8);
        if (object->accepts(bytes, object->len))
            fail_msg("%s accepted with a bit of byte %zu flipped", object->name, i);
        bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    if (!object->accepts(bytes, object->len))
        fail_msg("%s refused", object->name);
}

static void test_object(void **state)
{
    const struct object *object = *state;
    if (object >= &objects[OBJECT_FIRST_SECRET])
        flip_every_byte(object);
    else
        flip_every_bit(object);
}

static void test_other_message(void **state)
{
    (void)state;
    struct groupsig_signature signature;
    struct groupsig_verified verified, untouched;
    uint8_t msg32[32];
    memset(&verified, 0x5a, sizeof verified);
    memcpy(&untouched, &verified, sizeof verified);
    assert_int_equal(groupsig_signature_parse(&signature, objects[0].bytes, objects[0].len),
                     GROUPSIG_OK);
    for (size_t bit = 0; bit < 256; bit++) {
        memcpy(msg32, objects_group()->msg32, 32);
        msg32[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(groupsig_verify(&objects_group()->key, &verified, &signature, msg32));
    }
    assert_memory_equal(&verified, &untouched, sizeof verified);
}

static int make_all(void **state)
{
    (void)state;
    return !objects_make();
}

int main(void)
{
    struct CMUnitTest tests[OBJECTS + 1] = {cmocka_unit_test(test_other_message)};
    for (size_t i = 0; i < OBJECTS; i++)
        tests[i + 1] = (struct CMUnitTest){
            .name = objects[i].name, .test_func = test_object, .initial_state = &objects[i]};
    return cmocka_run_group_tests_name("flips", tests, make_all, NULL);
}
