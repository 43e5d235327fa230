/* A deterministic simulation: offices (engines on simulated disks) on a simulated network under one virtual clock.
 *
 * Every decision is drawn from one seed. Failures: connections that break, partitions, crashes that lose what was not
 * synchronised, restarts, bytes in any fragmentation, links of different delay (which reorders between connections). */
#ifndef GMM_TESTS_SIM_H
#define GMM_TESTS_SIM_H

#include "tests/sim/disk.h"

#define SIM_OFFICES 64

struct sim;

struct sim_options {
    uint64_t seed;
    unsigned offices;        /* of as many participants; office 0 founds the network */
    unsigned links;          /* a ring, and this many random further pairs that keep connecting */
    uint32_t latency_ms_max; /* of a link, drawn once */
    uint32_t break_every_ms; /* a random connection breaks about this often; 0: never */
    uint32_t crash_every_ms; /* a random office crashes about this often; 0: never */
    uint64_t heads_only;     /* offices with their bit set compare nothing by ranges */
    bool relays_within;      /* relays keep at most so many bytes of chunks, in all and of a group */
    uint64_t relay_most, relay_group_most;
    unsigned lead; /* the office whose participant leads decent-work; 0: the chair does */
};

/* Founds the network and has everybody admitted (not yet replicated). */
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *sim);
/* Lets virtual time pass. */
void sim_run(struct sim *sim, uint64_t ms);
/* Until every office is up, connected and in sync and nothing is under way; false: not within ms. */
bool sim_settle(struct sim *sim, uint64_t ms);
/* Stops failures (breaks, crashes, partitions) and brings everybody up. */
void sim_heal(struct sim *sim);
uint64_t sim_random(struct sim *sim, uint64_t below);
uint64_t sim_now(const struct sim *sim);
/* Splits offices [0, first) from the others. 0: nobody. */
void sim_partition(struct sim *sim, unsigned first);
/* Those with their bit set, from the others. */
void sim_split(struct sim *sim, uint64_t side);
/* A further pair that keeps connecting. */
void sim_link(struct sim *sim, unsigned a, unsigned b);
/* One connection now, whatever there is between the two. Both are up. */
void sim_dial(struct sim *sim, unsigned from, unsigned to, uint32_t latency_ms);
/* Connections that stand between the two and that a dialled. */
size_t sim_wires(const struct sim *sim, unsigned a, unsigned b);
/* Neither of the two dials the other by itself any more. */
void sim_unlink(struct sim *sim, unsigned a, unsigned b);
/* Another process with a copy of an office's home, keys and all, as it is now: its number. It has no links yet. */
unsigned sim_clone(struct sim *sim, unsigned office);
void sim_crash(struct sim *sim, unsigned office);
/* An office posts to a group; the id counts as acknowledged once DONE came. false: it is down, or may not. */
bool sim_post(struct sim *sim, unsigned office, const struct gmm_id *gid);
/* A new epoch whatever there is. false: it is down. */
bool sim_rotate(struct sim *sim, unsigned office, const struct gmm_id *gid);
/* The office is told that this log alone is under consultation. */
void sim_urgent(struct sim *sim, unsigned office, const struct run_key *log);
/* The office's driver has yet to look through what came, or has done so. */
void sim_behind(struct sim *sim, unsigned office, bool behind);
/* The office announces this log and gives nothing of it to anybody, whatever it is asked; it says nothing. */
void sim_withhold(struct sim *sim, unsigned office, const struct run_key *log);
/* The same, but its disk gives it nothing: it does answer. */
void sim_lose(struct sim *sim, unsigned office, const struct run_key *log);
/* An entry of a plain type; false: the office may not. */
bool sim_append(struct sim *sim, unsigned office, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                struct gmm_id *id);
/* ADD or REMOVE of one office's participant; false: it is down, or may not. */
bool sim_members(struct sim *sim, unsigned office, const struct gmm_id *gid, uint16_t type, unsigned whom);
/* A chunk of random bytes on the office's disk; nobody is told. */
void sim_chunk_put(struct sim *sim, unsigned office, const struct gmm_id *gid, size_t len, struct gmm_id *id);
bool sim_chunk_held(const struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id);
/* The office, up, wants it. */
void sim_chunk_want(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id);
/* gid of "all", and of a thematic group. */
void sim_group_all(const struct sim *sim, struct gmm_id *gid);
void sim_group_thematic(const struct sim *sim, const char *name, struct gmm_id *gid);
/* A circle of the first `members` offices made by office 0; its gid. */
void sim_circle(struct sim *sim, unsigned members, struct gmm_id *gid);
/* One of any office's, with those whose bit is set. */
void sim_circle_of(struct sim *sim, unsigned owner, uint64_t members, bool history, struct gmm_id *gid);

/* SUSPEND or RESTORE of an office's participant; false: it is down, or may not. */
bool sim_suspend(struct sim *sim, unsigned office, uint16_t type, unsigned whom);
/* The root of `whom` revokes the office's key, by an object that `office` brings in; whom's process ends for good. */
bool sim_revoke(struct sim *sim, unsigned office, unsigned whom);
/* Its process ends for good, and nobody tries to reach it any more. Its disk and its keys stay. */
void sim_retire(struct sim *sim, unsigned office);
/* An epoch that no honest office would make, following all tips that `office` knows. Bits are offices. */
struct sim_epoch {
    uint64_t recipients, lied_to; /* lied_to: another secret is wrapped to these */
    bool history, inherited;
};
bool sim_forge_epoch(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct sim_epoch *as);

/* Invariants; they print what broke, with the seed, and return false. */
bool sim_check_safety(const struct sim *sim);    /* no two offices hold different entries at one place; no acknowledged
                                                    post lost; none sealed under an epoch that its author must not use */
bool sim_check_converged(struct sim *sim);       /* every office has and can open all acknowledged posts it may have */
bool sim_check_outsiders(const struct sim *sim); /* no office holds anything of a group it is not a member of */
/* No office can open, with all its keys and all that anybody holds, an entry whose author knew at the time that it was
 * no member of the group, nor tell that a file was uploaded then; in a group with full history those apart that are
 * members now. *tried (may be NULL) counts such entries and offices. */
bool sim_check_thieves(struct sim *sim, size_t *tried);
size_t sim_acknowledged(const struct sim *sim);
const struct gmm_id *sim_acknowledged_at(const struct sim *sim, size_t index, struct gmm_id *gid);
/* Does the office hold this post, and its epoch's secret? */
bool sim_opens(struct sim *sim, unsigned office, const struct gmm_id *id);
const struct keystore *sim_keystore(const struct sim *sim, unsigned office);
const struct gmm_id *sim_nid(const struct sim *sim);
struct engine *sim_engine(struct sim *sim, unsigned office);
const struct disk *sim_disk(const struct sim *sim, unsigned office);
uint64_t sim_bytes(const struct sim *sim); /* on all wires so far */

#endif
