#include "node/client.h"
#include "node/commands.h"

int main(int argc, char **argv)
{
    commands_use();
    return client_main(argc, argv);
}
