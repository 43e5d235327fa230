/* Runs a fuzzer's corpus as a unit test where libFuzzer is not: every file of the folders named, each truncated at
 * every length (up to 512) and with every byte changed in turn (up to 4,096). Ends with how many inputs ran. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy in its own allocation, so that a sanitizer sees each read past the end. */
static void run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    if (copy == NULL)
        exit(1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static unsigned long run_mutations(uint8_t *data, size_t size)
{
    unsigned long ran = 0;
    for (size_t n = 0; n <= size && n < 512; n++, ran++)
        run_one(data, n);
    size_t step = size > 4096 ? size / 4096 : 1;
    for (size_t i = 0; i < size; i += step, ran++) {
        uint8_t kept = data[i];
        data[i] = (uint8_t)(kept ^ (1u << (i % 8)));
        run_one(data, size);
        data[i] = kept;
    }
    run_one(data, size);
    return ran + 1;
}

static unsigned long run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    uint8_t *data = malloc(8u << 20);
    if (data == NULL)
        exit(1);
    size_t size = fread(data, 1, 8u << 20, f);
    fclose(f);
    unsigned long ran = run_mutations(data, size);
    free(data);
    return ran;
}

int main(int argc, char **argv)
{
    unsigned long files = 0, ran = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            perror(argv[i]);
            return 1;
        }
        struct dirent *item;
        while ((item = readdir(dir)) != NULL) {
            char path[4096];
            if (item->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], item->d_name);
            ran += run_file(path);
            files++;
        }
        closedir(dir);
    }
    printf("%lu files, %lu inputs\n", files, ran);
    return files == 0;
}
