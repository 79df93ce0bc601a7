/* IP_RECVERR: the errors of datagrams one by one, with what ICMP says of each. */
#include "transcript.h"
#include <linux/errqueue.h>
#include <sys/select.h>

static void wait_readable(int fd)
{
    struct timeval patience = {10, 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    must("select", select(fd + 1, &set, NULL, NULL, &patience) == 1 ? 0 : -1);
}

/* Takes one error out of the queue and prints what it says. */
static long take(int fd, const struct sockaddr_in *sent_to, size_t room)
{
    char text[64] = "", control[256];
    struct sockaddr_in name = {0};
    struct iovec piece = {text, room};
    struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &piece, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control};
    long length = say("MSG_ERRQUEUE", recvmsg(fd, &message, MSG_ERRQUEUE));
    if (length < 0)
        return length;
    printf(" [%.*s], to whom it was sent %d, flags: MSG_ERRQUEUE %d, MSG_TRUNC %d\n", (int)length, text,
        same(name, *sent_to), (message.msg_flags & MSG_ERRQUEUE) != 0, (message.msg_flags & MSG_TRUNC) != 0);
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part))
    {
        struct sock_extended_err error;
        struct sockaddr_in offender;
        memcpy(&error, CMSG_DATA(part), sizeof error);
        memcpy(&offender, CMSG_DATA(part) + sizeof error, sizeof offender);
        printf(" level %d, type %d, length %zu: %s, origin %d, ICMP %d %d, info %u, from family %d %s\n", part->cmsg_level,
            part->cmsg_type, (size_t)part->cmsg_len, strerrorname_np(error.ee_errno), error.ee_origin, error.ee_type, error.ee_code,
            error.ee_info, offender.sin_family, inet_ntoa(offender.sin_addr));
    }
    return length;
}

/* A port of the loopback that nobody listens at. */
static struct sockaddr_in nobody(void)
{
    int fd = bound(SOCK_DGRAM);
    struct sockaddr_in address = local_of(fd);
    close(fd);
    return address;
}

static void unconnected(void)
{
    int fd = bound(SOCK_DGRAM), on = 1;
    socklen_t length = sizeof on;
    char text[8];
    struct sockaddr_in to = nobody();
    say("MSG_ERRQUEUE without the option", recv(fd, text, sizeof text, MSG_ERRQUEUE));
    say("setsockopt", setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    on = 0;
    say("getsockopt", getsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, &length));
    say("on", on);
    say("nothing yet", take(fd, &to, 8));
    must("sendto", (int)sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to));
    wait_readable(fd);
    say("it is told once", recv(fd, text, sizeof text, MSG_DONTWAIT));
    say("and then no more", recv(fd, text, sizeof text, MSG_DONTWAIT));
    take(fd, &to, 8);
    take(fd, &to, 8);
    must("sendto", (int)sendto(fd, "number two", 10, 0, (struct sockaddr *)&to, sizeof to));
    wait_readable(fd);
    take(fd, &to, 6);
    say("who has taken it is not told again", recv(fd, text, sizeof text, MSG_DONTWAIT));
}

static void connected(void)
{
    int fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0)), on = 1;
    char text[8];
    struct sockaddr_in to = nobody();
    must("setsockopt", setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
    must("send", (int)send(fd, "first", 5, 0));
    wait_readable(fd);
    take(fd, &to, 8);
    say("nothing more", recv(fd, text, sizeof text, MSG_DONTWAIT));
    must("send", (int)send(fd, "second", 6, 0));
    wait_readable(fd);
    say("recv", recv(fd, text, sizeof text, MSG_DONTWAIT));
    take(fd, &to, 8);
    take(fd, &to, 8);
    on = 0;
    must("setsockopt", setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    must("send", (int)send(fd, "third", 5, 0));
    wait_readable(fd);
    take(fd, &to, 8);
    say("without the option", recv(fd, text, sizeof text, MSG_DONTWAIT));
}

static void both_families(void)
{
    int fd = must("socket", socket(AF_INET6, SOCK_DGRAM, 0)), on = 1;
    struct sockaddr_in to = nobody();
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = to.sin_port}, name;
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
    must("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on));
    must("setsockopt", setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    must("sendto", (int)sendto(fd, "six", 3, 0, (struct sockaddr *)&mapped, sizeof mapped));
    wait_readable(fd);
    char text[8] = "", control[256], who[64];
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &piece, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control};
    long length = say("MSG_ERRQUEUE of AF_INET6", recvmsg(fd, &message, MSG_ERRQUEUE));
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (length < 0 || part == NULL)
        return;
    struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(part);
    struct sockaddr_in6 *offender = (struct sockaddr_in6 *)(error + 1);
    printf(" [%.*s] port %d, level %d, type %d, %s, origin %d, ICMP %d %d, from %s\n", (int)length, text,
        name.sin6_port == to.sin_port, part->cmsg_level, part->cmsg_type, strerrorname_np(error->ee_errno), error->ee_origin,
        error->ee_type, error->ee_code, inet_ntop(AF_INET6, &offender->sin6_addr, who, sizeof who));
}

/* To an address that nobody has, on a link with an MTU of 1500. */
static int on_the_link(const char *address)
{
    int fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0)), on = 1, discover = IP_PMTUDISC_DO;
    static char large[2000];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(33434), .sin_addr = {inet_addr(address)}};
    must("setsockopt", setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    must("setsockopt", setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover));
    say("too large", sendto(fd, large, sizeof large, 0, (struct sockaddr *)&to, sizeof to));
    take(fd, &to, 8);
    say("to nobody", sendto(fd, "probe", 5, 0, (struct sockaddr *)&to, sizeof to));
    wait_readable(fd);
    take(fd, &to, 8);
    return 0;
}

int main(int count, char **words)
{
    begin();
    if (count == 2)
        return on_the_link(words[1]);
    unconnected();
    connected();
    both_families();
    return 0;
}
