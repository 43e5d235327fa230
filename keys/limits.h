/* Every limit of the protocol and the node (protocol: Limits). Each exceeded limit is a clear error; a limit that only
 * one node can see delays, it never makes an entry invalid. */
#ifndef GMM_KEYS_LIMITS_H
#define GMM_KEYS_LIMITS_H

#include <assert.h>

/* entries */
#define LIMIT_BODY_BYTES (1u << 20)
#define LIMIT_HEADER_BYTES 228u
#define LIMIT_HEADER_PREFIX_BYTES 192u
#define LIMIT_RUN_ENTRIES 256u
/* a run's wire form carries at most this; a longer one is cut at an earlier signed head or sent entry by entry */
#define LIMIT_RUN_BYTES (2u << 20)
#define LIMIT_INSTANCES 16u /* open instances an author and group */
#define LIMIT_FUTURE_MS 300000u
#define LIMIT_CLOCK_PARTICIPANTS 3u /* so many clocks are heard before ours may be called wrong */
#define LIMIT_FORK_PROOFS 8u        /* kept of one log */
#define LIMIT_FORK_BYTES (43u << 10)
/* people and groups */
#define LIMIT_PARTICIPANTS 256u
#define LIMIT_OFFICES 2048u
#define LIMIT_GROUPS 1024u
#define LIMIT_THEMATIC 5u
#define LIMIT_RELAYS 16u /* of a group */
#define LIMIT_ADDRESSES 8u
#define LIMIT_ADDRESS_TEXT 255u
#define LIMIT_PARTICIPANT_ID 32u /* bytes of "ilo" */
#define LIMIT_NAME_TEXT 255u     /* bytes of a participant's, network's or circle's name */
#define LIMIT_OFFICE_TEXT 128u
#define LIMIT_PERSON_TEXT 64u
#define LIMIT_EPOCH_PARENTS 8u
#define LIMIT_ANCHOR_MS (24ull * 3600u * 1000u)      /* an office anchors a group at most that often */
#define LIMIT_ANCHOR_URGENT_MS 60000u                /* but a log under consultation within that */
#define LIMIT_EPOCH_MS (30ull * 24u * 3600u * 1000u) /* before a new one is due */
#define LIMIT_EPOCH_ENTRIES (1u << 20)
#define LIMIT_WRAP_KEY_MS (30ull * 24u * 3600u * 1000u) /* in use, and kept after its successor is */
#define LIMIT_ROOT_ROTATIONS 64u
#define LIMIT_CUTS 4096u /* logs named by one control record */
#define LIMIT_REASON_TEXT 255u
#define LIMIT_TERMS 256u
#define LIMIT_ROTATION_NAMES 1024u /* objects of earlier roots that one rotation lets stand */
/* records */
#define LIMIT_TITLE_TEXT 1024u
#define LIMIT_SYMBOL_TEXT 128u
#define LIMIT_LANG_TEXT 35u
#define LIMIT_FILE_NAME 255u
#define LIMIT_ATTACHMENTS 64u
#define LIMIT_NOTE_TEXT (256u << 10) /* bytes of a note's text, and of its proposed text */
#define LIMIT_RECORD_KEYS 64u        /* of one map, those that a later version knows included */
#define LIMIT_MSGPACK_DEPTH 8u
/* chunks */
#define LIMIT_INLINE_BYTES 4096u /* content below this stays inside the body */
#define LIMIT_CHUNK_MIN (256u << 10)
#define LIMIT_CHUNK_AVG (1u << 20)
#define LIMIT_CHUNK_MAX (4u << 20)
#define LIMIT_CHUNK_SEALED ((4u << 20) + (1u << 19) + 64u) /* Padmé adds at most 12 % */
#define LIMIT_MANIFEST_CHUNKS 4096u
#define LIMIT_CONTENT_BYTES (4ull << 30)
/* transport */
#define LIMIT_NOISE_BYTES 65535u
#define LIMIT_FRAME_PLAIN 65519u
#define LIMIT_REKEY_MESSAGES 4096u
#define LIMIT_SESSION_MS (24u * 3600u * 1000u)
#define LIMIT_HANDSHAKE_MS 10000u
#define LIMIT_JOIN_MS 60000u    /* a join connection: there is one request and one answer */
#define LIMIT_PARTING_MS 10000u /* for what an expelled participant is still told */
#define LIMIT_HALF_OPEN 64u
#define LIMIT_HALF_OPEN_ADDRESS 4u
#define LIMIT_HANDSHAKES_SECOND 50u
#define LIMIT_CONNECTIONS 4096u
#define LIMIT_STREAMS 64u
#define LIMIT_IN_FLIGHT_BYTES (8u << 20)
#define LIMIT_MESSAGE_BYTES (LIMIT_RUN_BYTES + 65536u)
#define LIMIT_JOIN_REQUEST 8192u
#define LIMIT_JOIN_PENDING 64u
/* the node */
#define LIMIT_CONTROL_REQUEST (1u << 20)
#define LIMIT_CONTROL_VALUES 65536u /* in a request's arguments */
#define LIMIT_CONTROL_REPLY (256u << 20)
#define LIMIT_CONTROL_CLIENTS 64u
#define LIMIT_REQUEST_FDS 66u
#define LIMIT_CONFIG_BYTES 65536u
#define LIMIT_KEYSTORE_BYTES 65536u
#define LIMIT_ARMOR_BYTES 65536u
#define LIMIT_WELCOME_BYTES (64u << 20)
#define LIMIT_BUNDLE_FRAME (8u << 20)
#define LIMIT_BUNDLE_PART_MIN (64u << 10) /* the smallest medium */
#define LIMIT_BUNDLES_OPEN 64u            /* of one office, not whole yet */
#define LIMIT_BUNDLE_PARTS 4096u
#define LIMIT_PARKED_BYTES (256u << 20) /* of bundles that came before what they need */
#define LIMIT_EVIDENCE_BYTES (64u << 20)
#define LIMIT_WELCOME_ARMOR (LIMIT_WELCOME_BYTES / 3u * 4u + 64u)

static_assert(LIMIT_HEADER_BYTES == LIMIT_HEADER_PREFIX_BYTES + 4u + 32u, "a header ends with body length and hash");
static_assert(LIMIT_FRAME_PLAIN + 16u == LIMIT_NOISE_BYTES, "a frame is one Noise message");
static_assert(LIMIT_CUTS * 112u + 4096u < LIMIT_BODY_BYTES, "a body holds the cuts that one record may name");
static_assert(LIMIT_BODY_BYTES + 65536u < LIMIT_RUN_BYTES, "a run takes at least one largest body");

#endif
