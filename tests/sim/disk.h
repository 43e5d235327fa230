/* A simulated disk under one office's engine: it remembers STORE effects in order, knows which of them are
 * synchronised, and after a crash keeps a prefix that has at least those. */
#ifndef GMM_TESTS_SIM_DISK_H
#define GMM_TESTS_SIM_DISK_H

#include "proto/engine.h"

struct disk;

struct disk *disk_new(void);
/* All of it, synchronised. */
struct disk *disk_copy(const struct disk *disk);
void disk_free(struct disk *disk);
/* Writes a STORE: returns its place in the journal (from 1). The engine gives secrets and objects. */
size_t disk_write(struct disk *disk, const struct engine *engine, const struct effect *store);
/* Everything up to this place survives any crash. */
void disk_sync(struct disk *disk, size_t place);
size_t disk_synced(const struct disk *disk);
size_t disk_length(const struct disk *disk);
/* Loses everything after `place` (at least what is synchronised stays). */
void disk_crash(struct disk *disk, size_t place);
/* Feeds the RESTORE events of what is held. */
void disk_restore(const struct disk *disk, struct engine *engine, struct effects *effects, uint64_t now_ms);
/* A run as LOAD asks for it, or NULL. */
struct run *disk_load(const struct disk *disk, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                      bool headers, bool exact);
/* Entries held: their number; the id of one of a log, or NULL; whether an id is held anywhere. */
size_t disk_logs(const struct disk *disk);
const struct run_key *disk_log_key(const struct disk *disk, size_t log, uint64_t *count);
const struct gmm_id *disk_entry_id(const struct disk *disk, size_t log, uint64_t seq);
const uint8_t *disk_entry_header(const struct disk *disk, size_t log, uint64_t seq);
const uint8_t *disk_entry_body(const struct disk *disk, size_t log, uint64_t seq, size_t *len); /* NULL: absent */
/* An epoch's secret that lies on it, or NULL. */
const uint8_t *disk_secret(const struct disk *disk, const struct gmm_id *epoch_id);
uint64_t disk_floor(const struct disk *disk);
bool disk_holds(const struct disk *disk, const struct gmm_id *id);
bool disk_find_log(const struct disk *disk, const struct run_key *key, size_t *log);

#endif
