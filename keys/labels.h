/* Every label of the protocol in one place: lp(L) = u8 length ‖ ASCII label. Two uses never share one. */
#ifndef GMM_KEYS_LABELS_H
#define GMM_KEYS_LABELS_H

/* identities and root objects */
#define LABEL_NEXT_ROOT "GMM1/next-root"
#define LABEL_PID "GMM1/pid"
#define LABEL_CHARTER "GMM1/charter"
#define LABEL_CHARTER_SIG "GMM1/charter-signature"
#define LABEL_CERTIFICATE "GMM1/certificate"
#define LABEL_REVOCATION "GMM1/revocation"
#define LABEL_VOUCH "GMM1/vouch"
#define LABEL_ROTATION "GMM1/rotation"
#define LABEL_OBJECT "GMM1/object"
#define LABEL_CARD "GMM1/card"
#define LABEL_JOIN "GMM1/join"
#define LABEL_REKEY "GMM1/rekey"
#define LABEL_FINGERPRINT "GMM1/fingerprint"
#define LABEL_ARMOR "GMM1/armor"
/* invites and welcome */
#define LABEL_INVITE_ID "GMM1/invite-id"
#define LABEL_INVITE_MAC "GMM1/invite-mac"
#define LABEL_WELCOME "GMM1/welcome"
/* log */
#define LABEL_LOG0 "GMM1/log0"
#define LABEL_BODY "GMM1/body"
#define LABEL_ENTRY "GMM1/entry"
#define LABEL_HEAD "GMM1/head"
#define LABEL_FORK "GMM1/fork"
#define LABEL_SUBJECT "GMM1/subject"
/* groups, epochs, bodies, chunks */
#define LABEL_GROUP "GMM1/group"
#define LABEL_EPOCH_COMMIT "GMM1/epoch-commit"
#define LABEL_WRAP_ID "GMM1/wrap-id"
#define LABEL_KEK "GMM1/kek"
#define LABEL_HISTORY "GMM1/history-wrap"
#define LABEL_DOMAIN "GMM1/chunk-domain"
#define LABEL_BODY_KEY "GMM1/body-key"
#define LABEL_BODY_COMMIT "GMM1/body-commit"
#define LABEL_BODY_NONCE "GMM1/body-nonce"
#define LABEL_BODY_AD "GMM1/body-ad"
#define LABEL_CHUNK_PT "GMM1/chunk-pt"
#define LABEL_CHUNK_KEY "GMM1/chunk-key"
#define LABEL_CHUNK_COMMIT "GMM1/chunk-commit"
#define LABEL_CHUNK_ID "GMM1/chunk-id"
#define LABEL_CHUNK_AD "GMM1/chunk-ad"
#define LABEL_CHUNKER "GMM1/chunker"
/* embargo */
#define LABEL_EMBARGO_COMMIT "GMM1/embargo-commit"
#define LABEL_EMBARGO_KEY "GMM1/embargo-key"
#define LABEL_EMBARGO_AD "GMM1/embargo-ad"
/* transport */
#define LABEL_NOISE "GMM1/noise"
#define LABEL_GATE "GMM1/gate"
#define LABEL_GATE_MAC "GMM1/gate-mac"
#define LABEL_CURSOR "GMM1/cursor"
#define LABEL_RANGE_GROUP "GMM1/range-group"
#define LABEL_RANGE_LOG "GMM1/range-log"
#define LABEL_RANGE_MARK "GMM1/range-mark"
/* bundles */
#define LABEL_BUNDLE "GMM1/bundle"
#define LABEL_BUNDLE_SIG "GMM1/bundle-signature"
/* evidence files */
#define LABEL_EVIDENCE "GMM1/evidence"
/* at rest (local to a node, never on the wire) */
#define LABEL_KEYSTORE_KEY "GMM1/keystore-key"
#define LABEL_KEYSTORE_COMMIT "GMM1/keystore-commit"
#define LABEL_KEYSTORE_SUM "GMM1/keystore-sum"
#define LABEL_RING "GMM1/ring"
#define LABEL_SUMMARY "GMM1/summary"
#define LABEL_TOKEN "GMM1/token"
#define LABEL_ONCE "GMM1/once"
#define LABEL_INVITE_KEPT "GMM1/invite-kept"
#define LABEL_PARKED "GMM1/parked"
#define LABEL_EMBARGO_KEPT "GMM1/embargo-kept"
#define LABEL_JOIN_KEPT "GMM1/join-kept"

#endif
