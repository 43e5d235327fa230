#include "node/uvtext.h"

#include <uv.h>

#include "keys/text.h"

const char *uvtext(int status)
{
    switch (status) {
    case UV_ECONNREFUSED:
        return N_("connection refused");
    case UV_ECONNRESET:
        return N_("connection reset by the other side");
    case UV_ECONNABORTED:
        return N_("connection broken off");
    case UV_EPIPE:
        return N_("the other side reads no more");
    case UV_ETIMEDOUT:
        return N_("connection timed out");
    case UV_EHOSTUNREACH:
        return N_("the host cannot be reached");
    case UV_ENETUNREACH:
    case UV_ENETDOWN:
        return N_("the network cannot be reached");
    case UV_EADDRINUSE:
        return N_("address already in use");
    case UV_EADDRNOTAVAIL:
        return N_("the address is none of this machine's");
    case UV_EACCES:
    case UV_EPERM:
        return N_("this account may not do that");
    case UV_EMFILE:
    case UV_ENFILE:
        return N_("too many files are open");
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
        return N_("no such name");
    case UV_EAI_AGAIN:
        return N_("the name service does not answer");
    case UV_ECANCELED:
    case UV_EAI_CANCELED:
        return N_("no longer wanted");
    default:
        return uv_strerror(status);
    }
}
