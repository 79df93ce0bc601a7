/* Sockets that reach another process by SCM_RIGHTS, or another number by dup and its kin. */
#include "transcript.h"
#include <fcntl.h>
#include <sys/un.h>

static void send_descriptor(int channel, int descriptor)
{
    char octet = 'd';
    struct iovec piece = {&octet, 1};
    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    must("sendmsg", (int)sendmsg(channel, &message, 0));
}

static int receive_descriptor(int channel)
{
    char octet;
    int descriptor = -1;
    struct iovec piece = {&octet, 1};
    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    must("recvmsg", (int)recvmsg(channel, &message, MSG_CMSG_CLOEXEC));
    memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
    return descriptor;
}

/* The process that is handed a listener, a connected and a UDP socket. */
static void use_what_comes(int channel)
{
    int listener = receive_descriptor(channel);
    int stream = receive_descriptor(channel);
    int datagrams = receive_descriptor(channel);
    struct sockaddr_in from;
    socklen_t length = sizeof from;

    int accepted = accept(listener, (struct sockaddr *)&from, &length);
    printf("accepted elsewhere: %d, names agree: %d %d\n", accepted >= 0, same(from, peer_of(accepted)),
        same(local_of(accepted), local_of(listener)));
    /* Nothing but read() first, as a program does that has made no socket itself. */
    char text[32] = "";
    say("datagram read elsewhere", read(datagrams, text, sizeof text));
    printf("it says %s\n", text);
    length = sizeof from;
    say("datagram elsewhere", recvfrom(datagrams, text, sizeof text, 0, (struct sockaddr *)&from, &length));
    say("answer to it", sendto(datagrams, "pong", 4, 0, (struct sockaddr *)&from, length));

    /* Last, because the other side prints when it hears these. */
    must("send", (int)send(accepted, "from the other process", 22, 0));
    must("send", (int)send(stream, "over a passed connection", 24, 0));
    exit(0);
}

static void pass_all(int channel)
{
    char text[64] = "";
    int listener = listening();
    int ends[2];
    connection(ends);
    int datagrams = bound(SOCK_DGRAM);
    struct sockaddr_in datagrams_at = local_of(datagrams);
    int caller = connected_to(listener);
    int sender = bound(SOCK_DGRAM);

    send_descriptor(channel, listener);
    send_descriptor(channel, ends[0]);
    send_descriptor(channel, datagrams);
    close(listener);
    close(ends[0]);
    close(datagrams);
    for (int i = 0; i < 2; i++)
        must("sendto", (int)sendto(sender, "ping", 4, 0, (struct sockaddr *)&datagrams_at, sizeof datagrams_at));
    say("caller hears", recv(caller, text, 22, MSG_WAITALL));
    puts(text);
    say("peer hears", recv(ends[1], text, 24, MSG_WAITALL));
    puts(text);
    say("datagram back", recv(sender, text, sizeof text, 0));
    say("end after the other process has ended", recv(ends[1], text, sizeof text, 0));
}

static void to_child(void)
{
    int channel[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, channel));
    pid_t child = must("fork", fork());
    if (child == 0)
        use_what_comes(channel[1]);
    pass_all(channel[0]);
    printf("child: %d\n", exit_status_of(child));
}

/* A process that was started by exec and shares nothing with us but a name in the file system. */
static void to_stranger(const char *self)
{
    char folder[] = "/tmp/pyco-passing-XXXXXX";
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (mkdtemp(folder) == NULL)
        must("mkdtemp", -1);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
    int meeting = must("socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    must("bind", bind(meeting, (struct sockaddr *)&name, sizeof name));
    must("listen", listen(meeting, 1));
    pid_t child = must("fork", fork());
    if (child == 0)
    {
        execl(self, self, name.sun_path, NULL);
        _exit(127);
    }
    int channel = must("accept", accept4(meeting, NULL, NULL, SOCK_CLOEXEC));
    pass_all(channel);
    printf("stranger: %d\n", exit_status_of(child));
    unlink(name.sun_path);
    rmdir(folder);
}

static void duplicates(void)
{
    int ends[2];
    connection(ends);
    int copies[] = {dup(ends[0]), dup2(ends[0], 50), dup3(ends[0], 51, O_CLOEXEC), fcntl(ends[0], F_DUPFD_CLOEXEC, 60)};
    struct sockaddr_in address = local_of(ends[0]);
    close(ends[0]);
    for (int i = 0; i < 4; i++)
    {
        printf("duplicate %d has the name: %d, close-on-exec %d\n", i, same(address, local_of(copies[i])),
            fcntl(copies[i], F_GETFD) & FD_CLOEXEC);
        transfer("sent by it", copies[i], ends[1], "x");
        transfer("received by it", ends[1], copies[i], "y");
        close(copies[i]);
        printf("peer sees the end: %d\n", i == 3 ? wait_for(ends[1], POLLIN) == POLLIN : ready(ends[1], POLLIN) != 0);
    }
    /* A number that was a connection becomes a listener and then a pipe. */
    int listener = listening();
    must("dup2", dup2(listener, 50));
    int caller = connected_to(50);
    say("accept at a reused number", accept(50, NULL, NULL) >= 0 ? 0 : -1);
    int tube[2];
    must("pipe", pipe(tube));
    must("dup2", dup2(tube[0], 50));
    say("getsockname of a pipe", getsockname(50, (struct sockaddr *)&address, &(socklen_t){sizeof address}));
    close(caller);
}

int main(int argc, char **argv)
{
    begin();
    if (argc == 2)
    {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        strncpy(name.sun_path, argv[1], sizeof name.sun_path - 1);
        int channel = must("socket", socket(AF_UNIX, SOCK_STREAM, 0));
        must("connect", connect(channel, (struct sockaddr *)&name, sizeof name));
        use_what_comes(channel);
    }
    to_child();
    to_stranger(argv[0]);
    duplicates();
    return 0;
}
