#include "node/commands.h"

static const struct command_family *const families[] = {
    &command_general,  &command_founding, &command_joining, &command_office,    &command_standing,
    &command_role,     &command_peers,    &command_bundle,  &command_groups,    &command_posting,
    &command_reading,  &command_listing,  &command_search,  &command_consult,   &command_voice,
    &command_matrix,   &command_care,     &command_audit,   &command_keys,      &command_diff,
    &command_practice, &command_marking,  &command_peerset, &command_subscribe, &command_erase,
};

void commands_use(void)
{
    command_use(families, sizeof families / sizeof families[0]);
}
