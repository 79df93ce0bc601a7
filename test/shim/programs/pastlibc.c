/* Calls that a program makes by syscall(2): those of sockets are the host's as well, all others are the kernel's. */
#include "transcript.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* As programs for older versions of libc have it: it must not be taken for libc's. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
    return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

static void stream(void)
{
    struct sockaddr_in at = loopback(0), peer;
    socklen_t length = sizeof at;
    int on = 1, kind = 0;
    socklen_t size = sizeof kind;
    int listener = must("socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    say("setsockopt", syscall(SYS_setsockopt, listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    say("bind", syscall(SYS_bind, listener, &at, sizeof at));
    say("listen", syscall(SYS_listen, listener, 5));
    say("getsockname", syscall(SYS_getsockname, listener, &at, &length));
    int client = must("socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    say("getsockopt", syscall(SYS_getsockopt, client, SOL_SOCKET, SO_TYPE, &kind, &size));
    printf("stream: %d\n", kind == SOCK_STREAM);
    say("connect", syscall(SYS_connect, client, &at, sizeof at));
    say("connect again", syscall(SYS_connect, client, &at, sizeof at));
    length = sizeof peer;
    int accepted = must("accept4", syscall(SYS_accept4, listener, &peer, &length, SOCK_CLOEXEC));
    printf("from loopback: %d\n", peer.sin_family == AF_INET && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    length = sizeof peer;
    say("getpeername", syscall(SYS_getpeername, client, &peer, &length));
    printf("its port: %d\n", peer.sin_port == at.sin_port);
    char text[10] = "";
    struct iovec part = {"tion", 4};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    say("sendto", syscall(SYS_sendto, client, "ques", 4, 0, NULL, 0));
    say("sendmsg", syscall(SYS_sendmsg, client, &message, 0));
    say("shutdown", syscall(SYS_shutdown, client, SHUT_WR));
    say("recvfrom", syscall(SYS_recvfrom, accepted, text, 8, MSG_WAITALL, NULL, NULL));
    printf("%s\n", text);
    say("recvmsg", syscall(SYS_recvmsg, accepted, &message, 0));
    close(client);
    client = must("socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    say("connect", syscall(SYS_connect, client, &at, sizeof at));
    say("accept", syscall(SYS_accept, listener, NULL, NULL) >= 0 ? 0 : -1);
    say("accept of no socket", syscall(SYS_accept, -1, NULL, NULL));
}

static void datagrams(void)
{
    int receiver = bound(SOCK_DGRAM), sender = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(receiver), own = local_of(sender), from[3];
    char texts[3][10] = {"", "", ""};
    struct iovec parts[3] = {{"one", 3}, {"three", 5}, {"", 0}}, rooms[3];
    struct mmsghdr sent[3] = {0}, taken[3] = {0};
    for (int i = 0; i < 3; i++)
    {
        sent[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &parts[i], .msg_iovlen = 1};
        rooms[i] = (struct iovec){texts[i], sizeof texts[i]};
        taken[i].msg_hdr =
            (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &rooms[i], .msg_iovlen = 1};
    }
    say("sendmmsg", sendmmsg(sender, sent, 3, 0));
    char alone[4];
    int available = 0;
    for (int i = 0; i < 2; i++)
    {
        while (ready(receiver, POLLIN) == 0)
            usleep(1000);
        say("FIONREAD", syscall(SYS_ioctl, receiver, FIONREAD, &available));
        struct iovec room = {alone, sizeof alone};
        say("read", i == 0 ? syscall(SYS_read, receiver, alone, sizeof alone) : syscall(SYS_readv, receiver, &room, 1));
        printf("%d \"%.3s\"\n", available, alone);
    }
    recv(receiver, alone, sizeof alone, 0);
    say("sendmmsg", syscall(SYS_sendmmsg, sender, sent, 3, 0));
    for (int count = 0, more = 0; count < 3 && more >= 0; count += more)
        more = syscall(SYS_recvmmsg, receiver, &taken[count], 3 - count, MSG_WAITFORONE, NULL);
    for (int i = 0; i < 3; i++)
        printf("%u \"%s\" from the sender %d\n", taken[i].msg_len, texts[i], same(from[i], own));
    say("recvmmsg of nothing", syscall(SYS_recvmmsg, receiver, taken, 3, MSG_DONTWAIT, NULL));
}

static void others(const char *program)
{
    say("getpid", syscall(SYS_getpid) == getpid());
    say("close of nothing", syscall(SYS_close, -1));
    say("no such call", syscall(100000));
    long page = syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("mmap with six arguments", page != -1 && *(char *)page == 0);
    int pair[2];
    say("socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t child = fork();
    if (child == 0)
    {
        char *words[] = {(char *)program, "child", NULL}, *environment[] = {NULL};
        syscall(SYS_execve, program, words, environment);
        _exit(9);
    }
    printf("child: %d\n", exit_status_of(child));
}

int main(int count, char **words)
{
    begin();
    stream(); /* in the child too: it is on the network even with an empty environment */
    if (count == 2)
        return 0;
    datagrams();
    others(words[0]);
    return 0;
}
