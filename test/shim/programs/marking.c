/* What datagrams are marked with: IP_TTL and IP_TOS as options and as control messages of one datagram, and that IPv6's are others. */
#include "transcript.h"
#include <sys/uio.h>

static int receiver;
static struct sockaddr_in to;
static struct sockaddr_in6 mapped;

static int get(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) < 0 ? -errno : value;
}

static void set(const char *what, int fd, int level, int name, int value)
{
    say(what, setsockopt(fd, level, name, &value, sizeof value));
}

static void tell(int fd)
{
    printf(" tos %d, ttl %d, discovery %d; of IPv6 %d, %d, %d\n", get(fd, IPPROTO_IP, IP_TOS), get(fd, IPPROTO_IP, IP_TTL),
        get(fd, IPPROTO_IP, IP_MTU_DISCOVER), get(fd, IPPROTO_IPV6, IPV6_TCLASS), get(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
        get(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER));
}

/* Prints what has come, and how it was marked. */
static void arrived(void)
{
    char text[32] = "", control[256];
    struct iovec piece = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(receiver, &message, MSG_DONTWAIT) < 0 && (wait_for(receiver, POLLIN) < 0 || recvmsg(receiver, &message, 0) < 0)) {
        say("recvmsg", -1);
        return;
    }
    int ttl = -1, tos = -1;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_type == IP_TTL)
            memcpy(&ttl, CMSG_DATA(part), sizeof ttl);
        else if (part->cmsg_type == IP_TOS)
            tos = *CMSG_DATA(part);
    }
    printf(" [%s] ttl %d, tos %d\n", text, ttl, tos);
}

struct control
{
    int level, type;
    size_t length;
    int value;
};

static size_t write_control(char *room, const struct control *controls, int count)
{
    size_t used = 0;
    memset(room, 0, 256);
    for (int i = 0; i < count; i++) {
        struct cmsghdr *part = (struct cmsghdr *)(room + used);
        part->cmsg_len = CMSG_LEN(controls[i].length);
        part->cmsg_level = controls[i].level;
        part->cmsg_type = controls[i].type;
        memcpy(CMSG_DATA(part), &controls[i].value, sizeof controls[i].value);
        used += CMSG_SPACE(controls[i].length);
    }
    return used;
}

static void send_with(const char *what, int fd, const void *name, size_t name_length, const struct control *controls, int count)
{
    char room[256];
    struct iovec piece = {(char *)what, strlen(what) < 20 ? strlen(what) : 20};
    struct msghdr message = {.msg_name = (void *)name, .msg_namelen = name_length, .msg_iov = &piece, .msg_iovlen = 1,
        .msg_control = room, .msg_controllen = write_control(room, controls, count)};
    if (say(what, sendmsg(fd, &message, 0)) >= 0)
        arrived();
}

static const struct
{
    const char *name;
    int count;
    struct control controls[3];
} cases[] = {
    {"nothing", 0, {{0}}},
    {"ttl", 1, {{IPPROTO_IP, IP_TTL, 4, 7}}},
    {"ttl 255", 1, {{IPPROTO_IP, IP_TTL, 4, 255}}},
    {"ttl 256", 1, {{IPPROTO_IP, IP_TTL, 4, 256}}},
    {"ttl 0", 1, {{IPPROTO_IP, IP_TTL, 4, 0}}},
    {"ttl -1", 1, {{IPPROTO_IP, IP_TTL, 4, -1}}},
    {"ttl of one octet", 1, {{IPPROTO_IP, IP_TTL, 1, 7}}},
    {"ttl of eight", 1, {{IPPROTO_IP, IP_TTL, 8, 7}}},
    {"tos", 1, {{IPPROTO_IP, IP_TOS, 4, 2}}},
    {"tos of one octet", 1, {{IPPROTO_IP, IP_TOS, 1, 0x2e}}},
    {"tos of two", 1, {{IPPROTO_IP, IP_TOS, 2, 2}}},
    {"tos 0", 1, {{IPPROTO_IP, IP_TOS, 4, 0}}},
    {"tos 255", 1, {{IPPROTO_IP, IP_TOS, 4, 255}}},
    {"tos 256", 1, {{IPPROTO_IP, IP_TOS, 4, 256}}},
    {"tos -1", 1, {{IPPROTO_IP, IP_TOS, 4, -1}}},
    {"both", 2, {{IPPROTO_IP, IP_TOS, 4, 1}, {IPPROTO_IP, IP_TTL, 4, 9}}},
    {"both twice", 3, {{IPPROTO_IP, IP_TTL, 4, 9}, {IPPROTO_IP, IP_TOS, 1, 3}, {IPPROTO_IP, IP_TTL, 4, 10}}},
    {"good and bad", 2, {{IPPROTO_IP, IP_TTL, 4, 9}, {IPPROTO_IP, IP_TOS, 4, 300}}},
    {"bad and good", 2, {{IPPROTO_IP, IP_TTL, 4, 0}, {IPPROTO_IP, IP_TTL, 4, 9}}},
    {"unknown of IP", 1, {{IPPROTO_IP, 99, 4, 1}}},
    {"RECVERR", 1, {{IPPROTO_IP, IP_RECVERR, 4, 1}}},
    {"IPV6_TCLASS", 1, {{IPPROTO_IPV6, IPV6_TCLASS, 4, 2}}},
    {"IPV6_HOPLIMIT", 1, {{IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 2}}},
    {"of TCP", 1, {{IPPROTO_TCP, 1, 4, 1}}},
    {"unknown of UDP", 1, {{IPPROTO_UDP, 99, 4, 1}}},
    {"segments, too short", 1, {{IPPROTO_UDP, 103, 1, 1}}},
    {"unknown of socket", 1, {{SOL_SOCKET, 99, 4, 1}}},
    {"SCM_RIGHTS", 1, {{SOL_SOCKET, SCM_RIGHTS, 4, 0}}},
    {"IP_PKTINFO, short", 1, {{IPPROTO_IP, IP_PKTINFO, 8, 0}}},
    {"IPV6_PKTINFO, short", 1, {{IPPROTO_IPV6, IPV6_PKTINFO, 8, 0}}},
    {"IP_PKTINFO", 1, {{IPPROTO_IP, IP_PKTINFO, 12, 0}}},
    {"IP_PKTINFO and tos", 2, {{IPPROTO_IP, IP_PKTINFO, 12, 0}, {IPPROTO_IP, IP_TOS, 4, 2}}},
    {"IPV6_PKTINFO", 1, {{IPPROTO_IPV6, IPV6_PKTINFO, 20, 0}}},
};

static void each_case(int fd, const void *name, size_t length)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        send_with(cases[i].name, fd, name, length, cases[i].controls, cases[i].count);
}

/* Lengths that no message can have; errno before that of a missing or bad address. */
static void malformed(int fd)
{
    struct control ttl = {IPPROTO_IP, IP_TTL, 4, 7};
    char room[256], text[] = "malformed";
    struct iovec piece = {text, sizeof text - 1};
    size_t length = write_control(room, &ttl, 1);
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &piece, .msg_iovlen = 1, .msg_control = room};
    for (size_t given = 0; given <= length + 16; given += 4) {
        message.msg_controllen = given;
        printf("control length %zu, ", given);
        if (say("sendmsg", sendmsg(fd, &message, 0)) >= 0)
            arrived();
    }
    message.msg_controllen = length;
    ((struct cmsghdr *)room)->cmsg_len = 4;
    say("message shorter than its header", sendmsg(fd, &message, 0));
    write_control(room, &(struct control){IPPROTO_IP, IP_TTL, 4, 0}, 1);
    struct sockaddr_in bad = to;
    bad.sin_port = 0;
    message.msg_name = &bad;
    say("ttl 0 to port 0", sendmsg(fd, &message, 0));
    bad = to;
    bad.sin_addr.s_addr = INADDR_BROADCAST;
    say("ttl 0 to all", sendmsg(fd, &message, 0));
    message.msg_name = NULL;
    message.msg_namelen = 0;
    say("ttl 0 to nobody", sendmsg(fd, &message, 0));
}

static void several(int fd)
{
    struct mmsghdr messages[4] = {0};
    char rooms[4][256];
    struct iovec pieces[4];
    static char text[] = "abcd";
    for (int i = 0; i < 4; i++) {
        struct control controls[] = {{IPPROTO_IP, IP_TOS, 4, i}, {IPPROTO_IP, IP_TTL, 4, i == 3 ? 0 : 20 + i}};
        pieces[i] = (struct iovec){text + i, 1};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = pieces + i, .msg_iovlen = 1,
            .msg_control = rooms[i], .msg_controllen = write_control(rooms[i], controls, 2)};
    }
    long sent = say("sendmmsg, the last one bad", sendmmsg(fd, messages, 4, 0));
    for (long i = 0; i < sent; i++)
        arrived();
    say("sendmmsg, only a bad one", sendmmsg(fd, messages + 3, 1, 0));
}

static void of_datagrams(int family)
{
    printf("family %d\n", family);
    int fd = must("socket", socket(family, SOCK_DGRAM, 0));
    if (family == AF_INET)
        each_case(fd, &to, sizeof to);
    else
        each_case(fd, &mapped, sizeof mapped);
    malformed(fd);
    several(fd);
    set("IP_TOS", fd, IPPROTO_IP, IP_TOS, 0x10);
    set("IP_TTL", fd, IPPROTO_IP, IP_TTL, 33);
    each_case(fd, &to, sizeof to);
    close(fd);

    fd = must("socket", socket(family, SOCK_DGRAM, 0));
    if (family == AF_INET)
        must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
    else
        must("connect", connect(fd, (struct sockaddr *)&mapped, sizeof mapped));
    each_case(fd, NULL, 0);
    malformed(fd);
    several(fd);
    close(fd);
}

/* Marks of single datagrams among so many others that the socket gets busy. */
static void of_a_busy_socket(void)
{
    int wrong = 0, seen[2] = {0}, fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0)), size = 1 << 20;
    setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    for (int is_connected = 0; is_connected < 2; is_connected++) {
        if (is_connected)
            must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
        for (int i = 0; i < 40000; i++) {
            char room[256];
            struct control controls[] = {{IPPROTO_IP, IP_TOS, 4, i & 3}, {IPPROTO_IP, IP_TTL, 4, 1 + i % 200}};
            struct iovec piece = {&i, sizeof i};
            struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room};
            if (!is_connected) {
                message.msg_name = &to;
                message.msg_namelen = sizeof to;
            }
            message.msg_controllen = i % 3 == 0 ? 0 : write_control(room, controls, i % 3);
            must("sendmsg", (int)sendmsg(fd, &message, 0));
            int number;
            char control[256];
            struct iovec place = {&number, sizeof number};
            struct msghdr got = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
            while (recvmsg(receiver, &got, MSG_DONTWAIT) > 0) {
                int ttl = -1, tos = -1;
                for (struct cmsghdr *part = CMSG_FIRSTHDR(&got); part; part = CMSG_NXTHDR(&got, part)) {
                    if (part->cmsg_type == IP_TTL)
                        memcpy(&ttl, CMSG_DATA(part), sizeof ttl);
                    else if (part->cmsg_type == IP_TOS)
                        tos = *CMSG_DATA(part);
                }
                wrong += tos != (number % 3 >= 1 ? number & 3 : 0) || ttl != (number % 3 == 2 ? 1 + number % 200 : 64);
                seen[is_connected]++;
                got.msg_controllen = sizeof control;
            }
        }
    }
    printf("busy: wrongly marked %d, at least half seen %d %d\n", wrong, seen[0] > 20000, seen[1] > 20000);
    close(fd);
}

/* Options of the same meaning, of which each family has its own. */
static void of_both_families(int type)
{
    printf("type %d\n", type);
    int fd = must("socket", socket(AF_INET6, type, 0));
    tell(fd);
    set("IP_TOS", fd, IPPROTO_IP, IP_TOS, 0x13);
    set("IP_TTL", fd, IPPROTO_IP, IP_TTL, 11);
    set("IP_MTU_DISCOVER", fd, IPPROTO_IP, IP_MTU_DISCOVER, 0);
    tell(fd);
    set("IPV6_TCLASS", fd, IPPROTO_IPV6, IPV6_TCLASS, 0x27);
    set("IPV6_UNICAST_HOPS", fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 22);
    set("IPV6_MTU_DISCOVER", fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 3);
    tell(fd);
    static const int numbers[] = {-2, -1, 0, 1, 5, 6, 255, 256};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf("%d\n", numbers[i]);
        set(" IPV6_TCLASS", fd, IPPROTO_IPV6, IPV6_TCLASS, numbers[i]);
        set(" IPV6_UNICAST_HOPS", fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, numbers[i]);
        set(" IPV6_MTU_DISCOVER", fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, numbers[i]);
        set(" IP_TOS", fd, IPPROTO_IP, IP_TOS, numbers[i]);
        set(" IP_TTL", fd, IPPROTO_IP, IP_TTL, numbers[i]);
        tell(fd);
    }
    static const int names[] = {IPV6_TCLASS, IPV6_UNICAST_HOPS, IPV6_MTU_DISCOVER};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (socklen_t length = 0; length <= 8; length++) {
            char value[8] = {1};
            printf("name %d, length %d, ", names[i], length);
            say("set", setsockopt(fd, IPPROTO_IPV6, names[i], value, length));
        }
    for (socklen_t length = 0; length <= 5; length++) {
        char value[8] = {length, 0, 0, 0};
        printf("length %d\n", length);
        say(" IP_TOS", setsockopt(fd, IPPROTO_IP, IP_TOS, value, length));
        say(" IP_TTL", setsockopt(fd, IPPROTO_IP, IP_TTL, value, length));
        tell(fd);
        int got = -1;
        socklen_t room = length;
        say(" get", getsockopt(fd, IPPROTO_IP, IP_TOS, &got, &room));
        printf("  %d octets, %x\n", (int)room, got);
    }
    if (type == SOCK_DGRAM)
        send_with("mapped", fd, &mapped, sizeof mapped, NULL, 0);
    close(fd);
    fd = must("socket", socket(AF_INET, type, 0));
    tell(fd);
    set("IPV6_TCLASS", fd, IPPROTO_IPV6, IPV6_TCLASS, 1);
    close(fd);
}

static void handed_down(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    socklen_t length = sizeof any;
    int listener = must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    must("bind", bind(listener, (struct sockaddr *)&any, sizeof any));
    must("getsockname", getsockname(listener, (struct sockaddr *)&any, &length));
    set("IP_TTL", listener, IPPROTO_IP, IP_TTL, 44);
    set("IPV6_UNICAST_HOPS", listener, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 55);
    set("IPV6_TCLASS", listener, IPPROTO_IPV6, IPV6_TCLASS, 0x28);
    must("listen", listen(listener, 4));
    struct sockaddr_in at = loopback(ntohs(any.sin6_port));
    int caller = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("connect", connect(caller, (struct sockaddr *)&at, sizeof at));
    tell(must("accept", accept(listener, NULL, NULL)));
}

int main(void)
{
    begin();
    int on = 1;
    receiver = bound(SOCK_DGRAM);
    must("setsockopt", setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
    must("setsockopt", setsockopt(receiver, IPPROTO_IP, IP_RECVTOS, &on, sizeof on));
    to = local_of(receiver);
    mapped = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = to.sin_port};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
    of_datagrams(AF_INET);
    of_datagrams(AF_INET6);
    of_both_families(SOCK_DGRAM);
    of_both_families(SOCK_STREAM);
    handed_down();
    of_a_busy_socket();
    return 0;
}
