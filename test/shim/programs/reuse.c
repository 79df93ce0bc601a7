/* Descriptors closed in every way there is, and what the same numbers mean afterwards. */
#include "transcript.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

static int kind_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (int)(status.st_mode & S_IFMT) : -errno;
}

/* Whatever stands at the number now, nothing of a former socket of ours may be seen in it. */
static void probe(const char *what, int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int type = -1;
    socklen_t type_length = sizeof type;
    char octet;
    printf("%s: file type %o\n", what, kind_of(fd));
    say(" getsockname", getsockname(fd, (struct sockaddr *)&address, &length) < 0 ? -1 : address.ss_family);
    length = sizeof address;
    say(" getpeername", getpeername(fd, (struct sockaddr *)&address, &length) < 0 ? -1 : address.ss_family);
    say(" SO_TYPE", getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) < 0 ? -1 : type);
    say(" listen", listen(fd, 1));
    say(" shutdown", shutdown(fd, SHUT_WR));
    say(" recv", recv(fd, &octet, 1, MSG_DONTWAIT));
    say(" send", send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
    struct sockaddr_in to = loopback(9);
    say(" connect", connect(fd, (struct sockaddr *)&to, sizeof to));
    say(" accept", accept4(fd, NULL, NULL, SOCK_NONBLOCK));
}

static void replaced_by(const char *what, int number, int other)
{
    must("dup2", dup2(other, number));
    probe(what, number);
    close(number);
    close(other);
}

int main(void)
{
    begin();
    int ends[2];
    connection(ends);
    int number = 40;
    must("dup2", dup2(ends[0], number));
    close(ends[0]);
    syscall(SYS_close, number);
    say("peer after a raw close", wait_for(ends[1], POLLIN | POLLRDHUP) & POLLRDHUP);
    probe("closed", number);

    replaced_by("a file", number, open("/dev/null", O_RDWR));
    int tube[2];
    must("pipe", pipe(tube));
    replaced_by("a pipe", number, tube[1]);
    replaced_by("a Unix socket", number, socket(AF_UNIX, SOCK_STREAM, 0));
    replaced_by("a Unix datagram socket", number, socket(AF_UNIX, SOCK_DGRAM, 0));
    replaced_by("a netlink socket", number, socket(AF_NETLINK, SOCK_RAW, 0));
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    replaced_by("a pair", number, pair[0]);

    int streams[10], datagrams[10];
    for (int i = 0; i < 10; i++)
    {
        streams[i] = listening();
        datagrams[i] = bound(SOCK_DGRAM);
    }
    struct sockaddr_in freed = local_of(streams[3]), freed_udp = local_of(datagrams[4]);
    say("close_range", close_range(streams[0], ~0u, 0));
    int again = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("the port is free again", bind(again, (struct sockaddr *)&freed, sizeof freed));
    int udp = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    say("and UDP's", bind(udp, (struct sockaddr *)&freed_udp, sizeof freed_udp));
    closefrom(3);
    int first = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    printf("the lowest number is used: %d\n", first == 3);
    connection(ends);
    transfer("after closing all", ends[0], ends[1], "works");
    for (int i = 0; i < 2000; i++)
    {
        int fd = socket(AF_INET, i % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
        if (i % 3 == 0)
            syscall(SYS_close, fd);
        else if (i % 3 == 1)
            close(fd);
        else
            close_range(fd, fd, 0);
    }
    printf("nothing leaked: %d\n", socket(AF_INET, SOCK_STREAM, 0) == ends[1] + 1 || ends[1] < ends[0]);
    return 0;
}
