/* Runs a fuzz target over files, and over 16 truncations of each: a corpus is a test.
 * argv: folders of corpus files. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of its own size, so that a sanitizer sees a read beyond it. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int run_file(const char *path)
{
    static uint8_t data[4 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    run(data, size);
    for (size_t i = 0; i < 16; i++)
        run(data, size * i / 16);
    return 0;
}

int main(int argc, char **argv)
{
    int n = 0;
    printf("TAP version 13\n");
    for (int i = 1; i < argc; i++) {
        struct dirent **entries = NULL;
        int count = scandir(argv[i], &entries, NULL, alphasort);
        for (int j = 0; j < count; j++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entries[j]->d_name);
            if (entries[j]->d_name[0] != '.')
                printf("%sok %d - %s\n", run_file(path) == 0 ? "" : "not ", ++n,
                       entries[j]->d_name);
            free(entries[j]);
        }
        free(entries);
    }
    printf("1..%d\n", n);
    return n > 0 ? 0 : 1;
}
