/* Control messages that recvmsg() gives of a datagram: what is asked for at which level, in which order, and what becomes
   of those for which there is no room. */
#include "transcript.h"
#include <netinet/ip.h>
#include <sys/uio.h>

static int sender;

/* The message's octets up to msg_controllen, whatever their form; interfaces and ports are not printed. */
static void show(const struct msghdr *message)
{
    printf(" flags %d, control length %zu\n", message->msg_flags & ~MSG_CMSG_CLOEXEC, message->msg_controllen);
    size_t left = message->msg_controllen;
    for (char *at = message->msg_control; left >= sizeof(struct cmsghdr);) {
        struct cmsghdr *control = (struct cmsghdr *)at;
        size_t whole = control->cmsg_len;
        printf("  level %d, type %d, length %zu:", control->cmsg_level, control->cmsg_type, whole);
        int is_v4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO;
        int is_v6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO;
        for (size_t i = 0; i + sizeof *control < whole; i++) {
            int is_index = (is_v4 && i < 4) || (is_v6 && i >= 16);
            printf(is_index ? " --" : " %02x", CMSG_DATA(control)[i]);
        }
        printf("\n");
        size_t step = CMSG_ALIGN(whole);
        if (whole < sizeof *control || step >= left)
            break;
        at += step;
        left -= step;
    }
}

static void take_with(int fd, const char *what, size_t room, int flags)
{
    char text[8], control[256];
    memset(control, 0xaa, sizeof control);
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    if (say(what, recvmsg(fd, &message, flags)) < 0)
        return;
    show(&message);
    size_t untouched = sizeof control;
    while (untouched > 0 && (unsigned char)control[untouched - 1] == 0xaa)
        untouched--;
    printf(" written up to %zu\n", untouched);
}

static void take(int fd, const char *what, size_t room)
{
    take_with(fd, what, room, 0);
}

static void send_to(int fd)
{
    struct sockaddr_in6 at;
    socklen_t length = sizeof at;
    must("getsockname", getsockname(fd, (struct sockaddr *)&at, &length));
    struct sockaddr_in to = loopback(ntohs(at.sin6_port));
    must("sendto", (int)sendto(sender, "data", 4, 0, (struct sockaddr *)&to, sizeof to));
}

static int receiver(int family)
{
    struct sockaddr_storage any = {.ss_family = family};
    int fd = must("socket", socket(family, SOCK_DGRAM, 0));
    must("bind", bind(fd, (struct sockaddr *)&any, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
    return fd;
}

static const struct
{
    const char *name;
    int level, number;
} options[] = {
    {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO},
    {"IP_RECVTTL", IPPROTO_IP, IP_RECVTTL},
    {"IP_RECVTOS", IPPROTO_IP, IP_RECVTOS},
    {"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    {"IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS},
};
#define OPTIONS (sizeof options / sizeof *options)
#define ALL ((1 << OPTIONS) - 1)

static void set(int fd, unsigned bits)
{
    int on = 1;
    for (size_t i = 0; i < OPTIONS; i++)
        if ((bits & (1 << i)) != 0)
            say(options[i].name, setsockopt(fd, options[i].level, options[i].number, &on, sizeof on));
}

static void read_back(int fd)
{
    printf(" set:");
    for (size_t i = 0; i < OPTIONS; i++) {
        int value = -1;
        socklen_t length = sizeof value;
        if (getsockopt(fd, options[i].level, options[i].number, &value, &length) == 0)
            printf(" %d", value);
        else
            printf(" -");
    }
    printf("\n");
}

static void each_option(int family)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        int fd = receiver(family), off = 0;
        set(fd, 1 << i);
        read_back(fd);
        send_to(fd);
        take(fd, "recvmsg", 256);
        setsockopt(fd, options[i].level, options[i].number, &off, sizeof off);
        read_back(fd);
        send_to(fd);
        take(fd, "recvmsg", 256);
        close(fd);
    }
    int fd = receiver(family);
    set(fd, ALL);
    read_back(fd);
    send_to(fd);
    take(fd, "all of them", 256);
    close(fd);
}

/* What comes from the connected peer is described too, whether the option or the connect came first. */
static void connected(int family)
{
    struct sockaddr_in from = local_of(sender);
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = from.sin_port};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
    for (int is_set_first = 0; is_set_first < 2; is_set_first++) {
        int fd = receiver(family);
        if (is_set_first)
            set(fd, ALL);
        if (family == AF_INET)
            must("connect", connect(fd, (struct sockaddr *)&from, sizeof from));
        else
            must("connect", connect(fd, (struct sockaddr *)&mapped, sizeof mapped));
        if (!is_set_first)
            set(fd, ALL);
        send_to(fd);
        take(fd, "from the connected peer", 256);
        send_to(fd);
        char text[8] = "";
        say("read", read(fd, text, sizeof text));
        printf(" [%s]\n", text);
        close(fd);
    }
}

/* ICMP errors of IPv4 are queued for who has asked for IPv4's. */
static void errors(int family)
{
    static const struct { int level, number; } asks[] = {{IPPROTO_IP, IP_RECVERR}, {IPPROTO_IPV6, IPV6_RECVERR}};
    int closed = bound(SOCK_DGRAM), on = 1;
    struct sockaddr_in to = local_of(closed);
    close(closed);
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = to.sin_port};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
    for (int i = 0; i < 2; i++) {
        int fd = must("socket", socket(family, SOCK_DGRAM, 0));
        say("ask for errors", setsockopt(fd, asks[i].level, asks[i].number, &on, sizeof on));
        for (int j = 0; j < 2; j++) {
            int value = -1;
            socklen_t length = sizeof value;
            say(" get", getsockopt(fd, asks[j].level, asks[j].number, &value, &length));
            printf("  value %d\n", value);
        }
        if (family == AF_INET)
            must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
        else
            must("connect", connect(fd, (struct sockaddr *)&mapped, sizeof mapped));
        must("send", (int)send(fd, "lost", 4, 0));
        wait_for(fd, POLLIN);
        take_with(fd, "MSG_ERRQUEUE", 20, MSG_ERRQUEUE);
        take_with(fd, "recvmsg", 20, MSG_DONTWAIT);
        if (i != 0) {
            close(fd);
            break;
        }
        /* Of ICMP's message all is told that is of datagrams. */
        for (unsigned bits = 1; bits <= ALL + 1; bits <<= 1) {
            set(fd, bits > ALL ? ALL : bits);
            must("send", (int)send(fd, "lost", 4, 0));
            wait_for(fd, POLLIN);
            take_with(fd, "MSG_ERRQUEUE", 256, MSG_ERRQUEUE);
        }
        for (size_t room = 0; room <= 176; room += 4) {
            must("send", (int)send(fd, "lost", 4, 0));
            wait_for(fd, POLLIN);
            printf("room %zu, ", room);
            take_with(fd, "MSG_ERRQUEUE", room, MSG_ERRQUEUE);
        }
        close(fd);
    }
}

static void little_room(int family)
{
    int fd = receiver(family);
    set(fd, ALL);
    for (size_t room = 0; room <= 120; room++) {
        send_to(fd);
        printf("room %zu, ", room);
        take(fd, "recvmsg", room);
    }
    char text[8];
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = NULL, .msg_controllen = 100};
    send_to(fd);
    say("no place at all", recvmsg(fd, &message, 0));
    printf(" flags %d, control length %zu\n", message.msg_flags, message.msg_controllen);
    close(fd);
}

int main(void)
{
    begin();
    sender = bound(SOCK_DGRAM);
    int families[] = {AF_INET, AF_INET6};
    for (int i = 0; i < 2; i++) {
        printf("family %d\n", families[i]);
        each_option(families[i]);
        connected(families[i]);
        errors(families[i]);
        little_room(families[i]);
    }
    return 0;
}
