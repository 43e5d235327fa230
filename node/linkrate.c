#include "node/linkrate.h"

#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool linkrate_get(int fd, struct linkrate *out)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    int queued = 0;
    memset(&info, 0, sizeof info);
    *out = (struct linkrate){0};
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || ioctl(fd, SIOCOUTQ, &queued) != 0)
        return false;
    if (len < offsetof(struct tcp_info, tcpi_delivery_rate) + sizeof info.tcpi_delivery_rate)
        return false;
    out->bytes_s = info.tcpi_delivery_rate;
    out->rtt_known = info.tcpi_min_rtt != UINT_MAX && info.tcpi_min_rtt != 0;
    out->min_rtt_ms = info.tcpi_min_rtt == UINT_MAX ? 0 : info.tcpi_min_rtt / 1000u;
    out->outstanding = queued > 0 ? (size_t)queued : 0;
    return true;
}

void linkrate_unsent_most(int fd, size_t bytes)
{
    unsigned value = bytes > INT_MAX ? INT_MAX : (unsigned)bytes;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
}
