/* Options that programs set for speed, in every state of a socket, and who sees them afterwards. */
#include "transcript.h"
#include <fcntl.h>

static int get(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) < 0 ? -errno : value;
}

static int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

static void tell(const char *what, int fd)
{
    printf("%s: nodelay %d keepalive %d idle %d interval %d count %d\n", what,
        get(fd, IPPROTO_TCP, TCP_NODELAY) != 0, get(fd, SOL_SOCKET, SO_KEEPALIVE) != 0,
        get(fd, IPPROTO_TCP, TCP_KEEPIDLE), get(fd, IPPROTO_TCP, TCP_KEEPINTVL), get(fd, IPPROTO_TCP, TCP_KEEPCNT));
}

static void set_all(const char *what, int fd, int on)
{
    int failures = 0;
    failures += set(fd, IPPROTO_TCP, TCP_NODELAY, on) != 0;
    failures += set(fd, SOL_SOCKET, SO_KEEPALIVE, on) != 0;
    failures += set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30 + on) != 0;
    failures += set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10 + on) != 0;
    failures += set(fd, IPPROTO_TCP, TCP_KEEPCNT, 5 + on) != 0;
    printf("%s: %d failures\n", what, failures);
    tell(what, fd);
}

static void connects_without_waiting(int listener)
{
    struct sockaddr_in address = local_of(listener);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    set_all("fresh", fd, 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        say("connect", -1);
    set_all("connecting", fd, 0);
    must("poll", wait_for(fd, POLLOUT));
    printf("SO_ERROR %d\n", get(fd, SOL_SOCKET, SO_ERROR));
    tell("connected", fd);
    set_all("connected", fd, 1);
    int accepted = must("accept", accept(listener, NULL, NULL));
    must("fcntl", fcntl(fd, F_SETFL, 0));
    transfer("from caller", fd, accepted, "hello");
    transfer("to caller", accepted, fd, "hello yourself");
    close(fd);
    close(accepted);
}

static void many_in_a_row(void)
{
    int ends[2];
    connection(ends);
    int failures = 0;
    for (int i = 1; i <= 300; i++)
    {
        failures += set(ends[i & 1], IPPROTO_TCP, TCP_KEEPIDLE, i) != 0;
        failures += set(ends[i & 1], IPPROTO_TCP, TCP_NODELAY, (i / 2) & 1) != 0;
    }
    printf("many: %d failures\n", failures);
    tell("the one end", ends[0]);
    tell("the other end", ends[1]);
    transfer("and data", ends[0], ends[1], "still there");
}

static void seen_by_others(void)
{
    int ends[2];
    connection(ends);
    set(ends[0], IPPROTO_TCP, TCP_KEEPIDLE, 11);
    pid_t child = must("fork", fork());
    if (child == 0)
    {
        tell("in the child", ends[0]);
        set_all("by the child", ends[0], 1);
        _exit(0);
    }
    printf("child: %d\n", exit_status_of(child));
    tell("in the parent", ends[0]);
    int copy = must("dup", dup(ends[0]));
    set(copy, IPPROTO_TCP, TCP_NODELAY, 0);
    tell("after a change through a duplicate", ends[0]);
}

static void that_cannot_be(void)
{
    int ends[2];
    connection(ends);
    for (int i = 0; i < 2; i++)
    {
        printf("idle 0: %d, idle 32768: %d, count 0: %d, count 128: %d, interval -1: %d\n",
            set(ends[i], IPPROTO_TCP, TCP_KEEPIDLE, 0), set(ends[i], IPPROTO_TCP, TCP_KEEPIDLE, 32768),
            set(ends[i], IPPROTO_TCP, TCP_KEEPCNT, 0), set(ends[i], IPPROTO_TCP, TCP_KEEPCNT, 128),
            set(ends[i], IPPROTO_TCP, TCP_KEEPINTVL, -1));
        say("too short", setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &(char){1}, 1));
        say("keepalive too short", setsockopt(ends[i], SOL_SOCKET, SO_KEEPALIVE, &(char){1}, 1));
        tell("unchanged", ends[i]);
    }
    int datagrams = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    printf("udp: keepalive %d\n", set(datagrams, SOL_SOCKET, SO_KEEPALIVE, 1));
}

static void inherited(void)
{
    int listener = bound(SOCK_STREAM);
    set_all("listener", listener, 1);
    must("listen", listen(listener, 4));
    int caller = connected_to(listener);
    int accepted = must("accept", accept(listener, NULL, NULL));
    tell("accepted", accepted);
    tell("caller", caller);
    set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 99);
    caller = connected_to(listener);
    tell("accepted later", must("accept", accept(listener, NULL, NULL)));
}

int main(void)
{
    begin();
    int listener = listening();
    connects_without_waiting(listener);
    many_in_a_row();
    seen_by_others();
    that_cannot_be();
    inherited();
    return 0;
}
