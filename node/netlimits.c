#include "node/netlimits.h"

#include <stdio.h>
#include <time.h>

#include "keys/text.h"
#include "node/net_state.h"

#define LOOK_MS 5000u

struct moment {
    unsigned weekday, minute; /* 0: Monday */
    uint32_t day;             /* 20261124 */
};

static struct moment moment_now(void)
{
    struct tm local;
    time_t seconds = (time_t)(node_now_ms() / 1000u);
    if (localtime_r(&seconds, &local) == NULL)
        return (struct moment){0};
    return (struct moment){.weekday = (unsigned)(local.tm_wday + 6) % 7u,
                           .minute = (unsigned)(local.tm_hour * 60 + local.tm_min),
                           .day =
                               (uint32_t)((local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday)};
}

static const struct view_office *office_of(const struct net *net, const struct gmm_id *noise_pk)
{
    const struct view *view = net->node->engine == NULL ? NULL : engine_view(net->node->engine);
    return view == NULL ? NULL : view_office_by_noise(view, noise_pk);
}

static uint64_t carried(const struct netconn *conn)
{
    return conn->bytes_in + conn->bytes_out;
}

/* What it carried since it was counted last, to the day's account. */
static void count(struct net *net, struct netconn *conn, const struct view_office *office)
{
    uint64_t more = carried(conn) - conn->counted;
    struct store *store = net->node->store;
    if (conn->limits.quota == 0 || more == 0 || office == NULL || store_begin(store, false) != GMM_OK)
        return;
    if (peerlimits_use(store, &office->pid, office->office, moment_now().day, more) == GMM_OK)
        conn->counted = carried(conn);
    net->touched = true;
}

static bool allowed(const struct net *net, const struct view_office *office, const struct peerlimits *limits,
                    char why[128])
{
    struct moment now = moment_now();
    if (!peerlimits_open(limits, now.weekday, now.minute))
        snprintf(why, 128, "%s", N_("outside of the hours set for it (gmm peer set)"));
    else if (limits->quota > 0 &&
             peerlimits_used(net->node->store, &office->pid, office->office, now.day) >= limits->quota)
        snprintf(why, 128, "%s", N_("its bytes for today are used up (gmm peer set)"));
    else
        return true;
    return false;
}

bool netlimits_allow(const struct net *net, const struct gmm_id *noise_pk, char why[128])
{
    struct peerlimits limits;
    const struct view_office *office = office_of(net, noise_pk);
    return office == NULL || peerlimits_load(net->node->store, &office->pid, office->office, &limits) != GMM_OK ||
           allowed(net, office, &limits, why);
}

static void take(struct net *net, struct netconn *conn)
{
    const struct view_office *office = office_of(net, &conn->noise_pk);
    if (office == NULL || peerlimits_load(net->node->store, &office->pid, office->office, &conn->limits) != GMM_OK)
        return;
    netpace_limit(&conn->pace, conn->limits.rate_out, conn->limits.rate_in, uv_now(net->loop));
}

void netlimits_opened(struct net *net, struct netconn *conn)
{
    conn->counted = 0;
    take(net, conn);
    net->touched = true;
}

void netlimits_closed(struct net *net, struct netconn *conn)
{
    count(net, conn, office_of(net, &conn->noise_pk));
}

void netlimits_changed(struct net *net)
{
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain)
            if (conn->session_open) {
                count(net, conn, office_of(net, &conn->noise_pk));
                conn->counted = carried(conn);
                take(net, conn);
            }
    net->limits_due = 0;
    net->touched = true;
}

uint64_t netlimits_tick(struct net *net)
{
    uint64_t now = uv_now(net->loop);
    bool limited = false;
    if (net->limits_due > now)
        return net->limits_due;
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain) {
            char why[128];
            if (!conn->session_open || (conn->limits.quota == 0 && conn->limits.window_count == 0))
                continue;
            const struct view_office *office = office_of(net, &conn->noise_pk);
            count(net, conn, office);
            limited = true;
            if (office != NULL && !allowed(net, office, &conn->limits, why))
                netconn_end(conn, GMM_ELIMIT, why);
        }
    net->limits_due = limited ? now + LOOK_MS : UINT64_MAX;
    return net->limits_due;
}
