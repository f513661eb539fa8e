/*
 * Runs a fuzz target over the files of a folder, so that every test run replays the corpus with
 * whatever compiler and sanitizer is in use. To fuzz, libFuzzer takes this file's place:
 *
 *   clang -g -O1 -std=gnu17 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc \
 *     $(pkg-config --cflags json-c) tests/record/fuzz_fhir.c src/record/?*.c src/base/?*.c \
 *     $(pkg-config --libs json-c jansson libcrypto zlib libsodium) -lm -o fuzz_fhir
 *   ./fuzz_fhir NEW_INPUTS tests/record/corpus/fhir
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    size_t count = 0;
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL || base_init(NULL) != GALEN_OK) {
        printf("Bail out! no corpus\n");
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        BASE_BUF_AUTO data = {0};
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (base_file_read(&data, path, 1 << 24, NULL) != GALEN_OK) {
            printf("Bail out! %s cannot be read\n", path);
            return 1;
        }
        /* A copy of the exact size, so that a sanitizer sees a read beyond it. */
        uint8_t *exact = malloc(data.len + 1);
        memcpy(exact, data.data, data.len);
        uint8_t *fitted = realloc(exact, data.len == 0 ? 1 : data.len);
        LLVMFuzzerTestOneInput(fitted, data.len);
        free(fitted);
        count++;
    }
    closedir(dir);
    printf("%s 1 - %zu inputs replayed\n1..1\n", count > 0 ? "ok" : "not ok", count);
    return count > 0 ? 0 : 1;
}
