/* The program's commands: the families that make up the table (node/command.h). */
#ifndef GMM_NODE_COMMANDS_H
#define GMM_NODE_COMMANDS_H

#include "node/command.h"

extern const struct command_family command_founding; /* cmd_founding.c: init, network, card */
extern const struct command_family
    command_joining; /* cmd_joining.c: invite, join, roster list and add, office list and add */
extern const struct command_family command_office;    /* cmd_office.c: office renew, revoke, vouch */
extern const struct command_family command_standing;  /* cmd_standing.c: roster suspend, expel, amend, history, … */
extern const struct command_family command_role;      /* cmd_role.c: role */
extern const struct command_family command_peers;     /* cmd_peers.c: peer, sync, status */
extern const struct command_family command_peerset;   /* cmd_peerset.c: peer set */
extern const struct command_family command_subscribe; /* cmd_subscribe.c: subscribe */
extern const struct command_family command_bundle;    /* cmd_bundle.c: bundle */
extern const struct command_family command_groups;    /* cmd_groups.c: group */
extern const struct command_family command_posting;   /* cmd_posting.c: post, note */
extern const struct command_family command_reading;   /* cmd_reading.c: get, show, notes */
extern const struct command_family command_listing;   /* cmd_listing.c: list, inbox, watch */
extern const struct command_family command_search;    /* cmd_search.c: search */
extern const struct command_family command_matrix;    /* cmd_matrix.c: matrix */
extern const struct command_family command_practice;  /* cmd_practice.c: practice */
extern const struct command_family command_marking;   /* cmd_marking.c: mark, retain */
extern const struct command_family command_erase;     /* cmd_erase.c: erase */
extern const struct command_family command_care;      /* cmd_care.c: doctor */
extern const struct command_family command_keys;      /* cmd_key.c: key */
extern const struct command_family command_diff;      /* cmd_diff.c: diff */
extern const struct command_family command_audit;     /* cmd_audit.c: verify, export-proof, log */
extern const struct command_family command_consult;   /* cmd_consult.c: consult */
extern const struct command_family command_voice;     /* cmd_voice.c: resolve, release, clear, receipts */
extern const struct command_family command_general;   /* cmd_general.c: run, help, version, completion */

/* Makes them the table that is used. */
void commands_use(void);

#endif
