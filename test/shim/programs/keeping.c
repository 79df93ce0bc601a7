/* Options that are kept though nothing here has use for them, and the lengths in which options come. */
#include "transcript.h"

static const struct { const char *name; int level, number; } options[] = {
    {"IP_RECVOPTS", IPPROTO_IP, 6}, {"IP_RETOPTS", IPPROTO_IP, 7}, {"IPV6_FLOWINFO", IPPROTO_IPV6, 11},
    {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, 18}, {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, 19}, {"IPV6_MULTICAST_ALL", IPPROTO_IPV6, 29},
    {"IPV6_FLOWINFO_SEND", IPPROTO_IPV6, 33}, {"IPV6_RECVHOPOPTS", IPPROTO_IPV6, 53}, {"IPV6_RECVRTHDR", IPPROTO_IPV6, 56},
    {"IPV6_RECVDSTOPTS", IPPROTO_IPV6, 58}, {"IPV6_RECVPATHMTU", IPPROTO_IPV6, 60}, {"IPV6_DONTFRAG", IPPROTO_IPV6, 62},
};

static const struct { const char *name; int level, number; } sized[] = {
    {"IP_TOS", IPPROTO_IP, IP_TOS}, {"IP_TTL", IPPROTO_IP, IP_TTL}, {"IP_RECVTTL", IPPROTO_IP, IP_RECVTTL},
    {"IP_RECVTOS", IPPROTO_IP, IP_RECVTOS}, {"IP_RECVPKTINFO", IPPROTO_IP, IP_PKTINFO}, {"IP_RECVERR", IPPROTO_IP, IP_RECVERR},
    {"IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER}, {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY},
    {"IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR}, {"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT}, {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
};

static void read_back(int fd, int level, int name)
{
    unsigned char value[8];
    memset(value, 0xee, sizeof value);
    socklen_t length = 4;
    if (say("  get", getsockopt(fd, level, name, value, &length)) == 0)
        printf("   %u octets, %02x%02x%02x%02x\n", length, value[0], value[1], value[2], value[3]);
}

static void kept(int family, int type)
{
    static const int numbers[] = {1, 0, -1, -2, 2, 255, 256};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int fd = must("socket", socket(family, type, 0));
        printf("%s\n", options[i].name);
        read_back(fd, options[i].level, options[i].number);
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            printf(" %d\n", numbers[j]);
            say("  set", setsockopt(fd, options[i].level, options[i].number, &numbers[j], sizeof numbers[j]));
            read_back(fd, options[i].level, options[i].number);
        }
        close(fd);
    }
}

static void lengths(int type)
{
    static char value[256] = {1};
    static const socklen_t rooms[] = {0, 1, 2, 3, 4, 8, 128, 129, 256};
    for (size_t i = 0; i < sizeof sized / sizeof *sized; i++) {
        printf("%s\n", sized[i].name);
        for (size_t j = 0; j < sizeof rooms / sizeof *rooms; j++) {
            int fd = must("socket", socket(AF_INET6, type, 0));
            printf(" length %u", rooms[j]);
            say(" set", setsockopt(fd, sized[i].level, sized[i].number, value, rooms[j]));
            if (type == SOCK_DGRAM || strstr(sized[i].name, "RECV") == NULL) /* TCP has nothing to tell so */
                read_back(fd, sized[i].level, sized[i].number);
            close(fd);
        }
    }
}

/* What only AF_UNIX has, or only with a peer. */
static void of_peers(const char *what, int fd)
{
    static const int names[] = {28 /* SO_PEERNAME */, 59 /* SO_PEERGROUPS */}; /* SO_PEERPIDFD is not in all kernels */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct sockaddr_storage value = {0};
        for (socklen_t room = 4; room <= 64; room *= 4) {
            socklen_t length = room;
            printf("%s, name %d, room %u, ", what, names[i], room);
            if (say("get", getsockopt(fd, SOL_SOCKET, names[i], &value, &length)) == 0)
                printf(" family %d, %u octets\n", value.ss_family, length);
        }
    }
}

int main(void)
{
    begin();
    int ends[2];
    kept(AF_INET, SOCK_DGRAM);
    kept(AF_INET6, SOCK_DGRAM);
    kept(AF_INET6, SOCK_STREAM);
    lengths(SOCK_DGRAM);
    lengths(SOCK_STREAM);
    of_peers("unconnected", must("socket", socket(AF_INET, SOCK_STREAM, 0)));
    of_peers("datagrams", bound(SOCK_DGRAM));
    connection(ends);
    of_peers("connected", ends[0]);
    of_peers("accepted", ends[1]);
    return 0;
}
