/* What this machine can do, measured in the same run as the jobs: one JSON line a limit. sh tests/bench/run.sh
 *
 *   limits FOLDER SECONDS
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double seconds = 1;
static uint8_t block[1u << 20];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void say(const char *name, double value, const char *unit)
{
    printf("{\"limit\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", name, value, unit);
    fflush(stdout);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void blake2b(void)
{
    uint8_t out[32];
    double begin = now(), bytes = 0;
    while (now() - begin < seconds) {
        for (int i = 0; i < 1000; i++)
            crypto_generichash(out, sizeof out, block, 1024, NULL, 0);
        bytes += 1000.0 * 1024;
    }
    say("blake2b_1k", bytes / (now() - begin) / 1e6, "MB/s");
}

static void aead(size_t len, const char *name)
{
    static uint8_t sealed[65536 + 16];
    uint8_t key[32] = {1}, nonce[12] = {2};
    double begin = now(), bytes = 0;
    while (now() - begin < seconds) {
        for (int i = 0; i < 100; i++)
            crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, block, len, NULL, 0, NULL, nonce, key);
        bytes += 100.0 * (double)len;
    }
    say(name, bytes / (now() - begin) / 1e6, "MB/s");
}

static void ed25519(void)
{
    uint8_t pk[32], sk[64], sig[64];
    double begin, n = 0;
    crypto_sign_keypair(pk, sk);
    crypto_sign_detached(sig, NULL, block, 32, sk);
    for (begin = now(); now() - begin < seconds; n += 100)
        for (int i = 0; i < 100; i++)
            if (crypto_sign_verify_detached(sig, block, 32, pk) != 0)
                die("verify");
    say("ed25519_verify", n / (now() - begin), "1/s");
}

static void *drain(void *arg)
{
    static uint8_t sink[1u << 20];
    int fd = accept(*(int *)arg, NULL, NULL);
    while (fd >= 0 && read(fd, sink, sizeof sink) > 0) {
    }
    close(fd);
    return NULL;
}

static void loopback(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pthread_t thread;
    int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&a, len) != 0 || listen(listening, 1) != 0 ||
        getsockname(listening, (struct sockaddr *)&a, &len) != 0 ||
        pthread_create(&thread, NULL, drain, &listening) != 0 || connect(fd, (struct sockaddr *)&a, len) != 0)
        die("loopback");
    double begin = now(), bytes = 0;
    while (now() - begin < seconds)
        bytes += (double)write(fd, block, 65536);
    say("loopback_64k", bytes / (now() - begin) / 1e6, "MB/s");
    close(fd);
    pthread_join(thread, NULL);
    close(listening);
}

static void file_sync(const char *folder)
{
    char path[4096], temp[4096];
    double begin = now(), n = 0;
    int dir = open(folder, O_RDONLY | O_DIRECTORY);
    for (; now() - begin < seconds; n++) {
        snprintf(temp, sizeof temp, "%s/limit.tmp", folder);
        snprintf(path, sizeof path, "%s/limit-%d", folder, (int)n % 16);
        int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || write(fd, block, 1024) != 1024 || fsync(fd) != 0 || close(fd) != 0 || rename(temp, path) != 0 ||
            fsync(dir) != 0)
            die(path);
    }
    say("file_fsync_rename", n / (now() - begin), "1/s");
    close(dir);
}

static void sqlite(const char *folder)
{
    char path[4096];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    double rows = 0;
    snprintf(path, sizeof path, "%s/limit.db", folder);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                     "CREATE TABLE e(key INTEGER PRIMARY KEY, id8 INTEGER, header BLOB, body BLOB);"
                     "CREATE INDEX i ON e(id8)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO e VALUES(?1, ?2, ?3, ?4)", -1, &stmt, NULL) != SQLITE_OK)
        die(path);
    double begin = now();
    while (now() - begin < seconds) {
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (int i = 0; i < 4000; i++, rows++) {
            int64_t id8;
            randombytes_buf(&id8, sizeof id8);
            sqlite3_bind_int64(stmt, 1, (int64_t)rows);
            sqlite3_bind_int64(stmt, 2, id8);
            sqlite3_bind_blob(stmt, 3, block, 228, SQLITE_STATIC);
            sqlite3_bind_blob(stmt, 4, block, 1100, SQLITE_STATIC);
            if (sqlite3_step(stmt) != SQLITE_DONE)
                die("sqlite");
            sqlite3_reset(stmt);
        }
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    say("sqlite_rows", rows / (now() - begin), "1/s");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    if (argc != 3 || sodium_init() < 0)
        return 2;
    seconds = strtod(argv[2], NULL);
    randombytes_buf(block, sizeof block);
    loopback();
    blake2b();
    aead(1024, "chacha20poly1305_1k");
    aead(65536, "chacha20poly1305_64k");
    ed25519();
    file_sync(argv[1]);
    sqlite(argv[1]);
    return 0;
}
