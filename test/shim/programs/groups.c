/* Multicast groups: options, memberships, and what arrives, on the loopback interface. */
#include "transcript.h"

#define GROUP "239.1.2.3"
#define OTHER "239.1.2.4"

static struct in_addr number(const char *text)
{
    struct in_addr address;
    inet_pton(AF_INET, text, &address);
    return address;
}

static int option(int fd, int name)
{
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, IPPROTO_IP, name, &value, &length) < 0 ? -1 : value;
}

static void set(const char *what, int fd, int name, int value)
{
    say(what, setsockopt(fd, IPPROTO_IP, name, &value, sizeof value));
    say(" reads", option(fd, name));
}

static void options(int type)
{
    int fd = must("socket", socket(AF_INET, type, 0));
    say("default TTL", option(fd, IP_MULTICAST_TTL));
    say("default loop", option(fd, IP_MULTICAST_LOOP));
    say("default all", option(fd, IP_MULTICAST_ALL));
    say("default interface", option(fd, IP_MULTICAST_IF));
    if (type == SOCK_STREAM)
        return;
    set("TTL 5", fd, IP_MULTICAST_TTL, 5);
    set("TTL 0", fd, IP_MULTICAST_TTL, 0);
    set("TTL 256", fd, IP_MULTICAST_TTL, 256);
    set("TTL -1", fd, IP_MULTICAST_TTL, -1);
    set("TTL -2", fd, IP_MULTICAST_TTL, -2);
    set("no loop", fd, IP_MULTICAST_LOOP, 0);
    set("loop 7", fd, IP_MULTICAST_LOOP, 7);
    set("not all", fd, IP_MULTICAST_ALL, 0);
    set("all 2", fd, IP_MULTICAST_ALL, 2);
    unsigned char octet = 9;
    say("TTL as an octet", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &octet, 1));
    say(" reads", option(fd, IP_MULTICAST_TTL));
    say("no value", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &octet, 0));
    struct in_addr address = number("127.0.0.1");
    say("interface", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address));
    printf(" is it: %d\n", option(fd, IP_MULTICAST_IF) == (int)address.s_addr);
    struct ip_mreqn indexed = {.imr_ifindex = 1};
    say("by number", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &indexed, sizeof indexed));
    indexed.imr_ifindex = 99;
    say("nobody's number", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &indexed, sizeof indexed));
    address = number("192.0.2.77");
    say("nobody's address", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address));
    say("too short", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, 3));
    address = number("0.0.0.0");
    say("any again", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address));
    say(" reads", option(fd, IP_MULTICAST_IF));
    close(fd);
}

static long change(int fd, int name, const char *group, const char *interface)
{
    struct ip_mreq request = {number(group), number(interface)};
    return setsockopt(fd, IPPROTO_IP, name, &request, sizeof request);
}

static void memberships(void)
{
    int fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    say("join", change(fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"));
    say("join again", change(fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"));
    say("join what is no group", change(fd, IP_ADD_MEMBERSHIP, "10.1.2.3", "127.0.0.1"));
    say("join on nobody's address", change(fd, IP_ADD_MEMBERSHIP, OTHER, "192.0.2.77"));
    say("leave", change(fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"));
    say("leave again", change(fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"));
    struct ip_mreqn indexed = {number(GROUP), {0}, 1};
    say("join by number", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &indexed, sizeof indexed));
    say("leave by number", setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &indexed, sizeof indexed));
    indexed.imr_ifindex = 99;
    say("join by nobody's number", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &indexed, sizeof indexed));
    say("too short", setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &indexed, 7));
    struct group_req request = {.gr_interface = 1};
    *(struct sockaddr_in *)&request.gr_group = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = number(OTHER)};
    say("MCAST_JOIN_GROUP", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request));
    say("again", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request));
    say("too short", setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request - 1));
    say("MCAST_LEAVE_GROUP", setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &request, sizeof request));
    int joined = 0;
    char group[20];
    for (int i = 1; i < 40; i++) {
        snprintf(group, sizeof group, "239.9.9.%d", i);
        joined += change(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1") == 0;
    }
    say("at most", joined);
    close(fd);
    int stream = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("a stream joins", change(stream, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"));
    close(stream);
}

static int member(int family, const char *address, int port, const char *group)
{
    int fd = must("socket", socket(family, SOCK_DGRAM, 0)), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = number(address ? address : "0.0.0.0")};
    struct sockaddr_in6 wildcard = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (family == AF_INET)
        must("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
    else
        must("bind", bind(fd, (struct sockaddr *)&wildcard, sizeof wildcard));
    if (group)
        must("join", (int)change(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1"));
    return fd;
}

static void report(const char *who, int fd)
{
    char text[100];
    int count = 0;
    while (recv(fd, text, sizeof text, MSG_DONTWAIT) > 0)
        count++;
    printf(" %s: %d\n", who, count);
}

static void describe(int fd)
{
    char text[100], control[200];
    struct iovec vector = {text, sizeof text};
    struct sockaddr_in from;
    struct msghdr message = {&from, sizeof from, &vector, 1, control, sizeof control, 0};
    ssize_t length = recvmsg(fd, &message, 0);
    printf("described: %.*s\n", (int)length, text);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
            printf(" to %s", inet_ntoa(info->ipi_addr));
            printf(" interface %d, answer from %s\n", info->ipi_ifindex, inet_ntoa(info->ipi_spec_dst));
        } else if (c->cmsg_type == IP_TTL)
            printf(" TTL %d\n", *(int *)CMSG_DATA(c));
    }
}

static void delivery(void)
{
    struct sockaddr_in any = loopback(0);
    int probe = must("socket", socket(AF_INET, SOCK_DGRAM, 0)), one = 1, zero = 0, three = 3;
    must("bind", bind(probe, (struct sockaddr *)&any, sizeof any));
    int port = ntohs(local_of(probe).sin_port);
    close(probe);
    int wildcard = member(AF_INET, "0.0.0.0", port, GROUP);
    int bound_to_group = member(AF_INET, GROUP, port, GROUP);
    int other = member(AF_INET, "0.0.0.0", port, OTHER);
    int strict = member(AF_INET, "0.0.0.0", port, OTHER);
    setsockopt(strict, IPPROTO_IP, IP_MULTICAST_ALL, &zero, sizeof zero);
    int unicast = member(AF_INET, "127.0.0.1", port, NULL);
    int dual = member(AF_INET6, NULL, port, GROUP);
    setsockopt(wildcard, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    setsockopt(wildcard, IPPROTO_IP, IP_RECVTTL, &one, sizeof one);

    int sender = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    struct in_addr address = number("127.0.0.1");
    must("interface", setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address));
    must("TTL", setsockopt(sender, IPPROTO_IP, IP_MULTICAST_TTL, &three, sizeof three));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = number(GROUP)};
    say("send", sendto(sender, "hello", 5, 0, (struct sockaddr *)&to, sizeof to));
    describe(wildcard);
    wait_for(bound_to_group, POLLIN);
    wait_for(dual, POLLIN);
    report("bound to the group", bound_to_group);
    report("dual", dual);
    report("member of another group", other);
    report("the same without IP_MULTICAST_ALL", strict);
    report("bound to an address", unicast);

    must("leave", (int)change(wildcard, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"));
    close(bound_to_group);
    close(dual);
    say("send when all have left", sendto(sender, "lost", 4, 0, (struct sockaddr *)&to, sizeof to));
    to.sin_addr = number(OTHER);
    say("send to the other", sendto(sender, "other", 5, 0, (struct sockaddr *)&to, sizeof to));
    wait_for(strict, POLLIN);
    wait_for(wildcard, POLLIN);
    describe(wildcard);
    report("member", strict);
    report("by IP_MULTICAST_ALL", wildcard);
    must("connect", connect(sender, (struct sockaddr *)&to, sizeof to));
    transfer("connected", sender, strict, "to a group");
    say("source is loopback", local_of(sender).sin_addr.s_addr == htonl(INADDR_LOOPBACK));
}

int main(void)
{
    begin();
    options(SOCK_DGRAM);
    options(SOCK_STREAM);
    memberships();
    delivery();
    return 0;
}
