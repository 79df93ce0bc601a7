/* What the programs here share: each prints what socket calls answer, and must print the same on the kernel's sockets
   and on ours. Nothing that may differ from run to run (a port, a descriptor) is printed. */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Far longer than any of the programs takes: whoever hangs is ended by the signal. */
#define PATIENCE_SECONDS 40

static inline void begin(void)
{
    alarm(PATIENCE_SECONDS);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Prints a result, or the name of the error; errno must be read first. */
static inline long say(const char *what, long result)
{
    int error = errno;
    if (result < 0)
        printf("%s: %s\n", what, strerrorname_np(error));
    else
        printf("%s: %ld\n", what, result);
    return result;
}

/* Ends the program where going on makes no sense. */
static inline int must(const char *what, int result)
{
    if (result >= 0)
        return result;
    say(what, result);
    exit(1);
}

static inline struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static inline struct sockaddr_in local_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    must("getsockname", getsockname(fd, (struct sockaddr *)&address, &length));
    return address;
}

static inline struct sockaddr_in peer_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    must("getpeername", getpeername(fd, (struct sockaddr *)&address, &length));
    return address;
}

static inline int same(struct sockaddr_in one, struct sockaddr_in other)
{
    return one.sin_family == other.sin_family && one.sin_port == other.sin_port &&
        one.sin_addr.s_addr == other.sin_addr.s_addr;
}

static inline int bound(int type)
{
    struct sockaddr_in address = loopback(0);
    int fd = must("socket", socket(AF_INET, type, 0));
    must("bind", bind(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

static inline int listening(void)
{
    int fd = bound(SOCK_STREAM);
    must("listen", listen(fd, 16));
    return fd;
}

static inline int connected_to(int listener)
{
    struct sockaddr_in address = local_of(listener);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("connect", connect(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

/* A TCP connection within the process: ends[0] called, ends[1] was accepted. */
static inline void connection(int ends[2])
{
    int listener = listening();
    ends[0] = connected_to(listener);
    ends[1] = must("accept", accept(listener, NULL, NULL));
    close(listener);
}

/* Waits until the events are there; what poll() says of them. */
static inline int wait_for(int fd, int events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    return poll(&entry, 1, PATIENCE_SECONDS * 1000) == 1 ? entry.revents : -1;
}

/* What poll() says at once. */
static inline int ready(int fd, int events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    return poll(&entry, 1, 0) == 1 ? entry.revents : 0;
}

/* Writes text, reads it at the other end, prints what arrived. */
static inline void transfer(const char *what, int from, int to, const char *text)
{
    char buffer[100] = "";
    must("send", (int)send(from, text, strlen(text), MSG_NOSIGNAL));
    ssize_t length = recv(to, buffer, sizeof buffer - 1, 0);
    if (length < 0)
        say(what, length);
    else
        printf("%s: %s\n", what, buffer);
}

static inline int exit_status_of(pid_t child)
{
    int status = -1;
    must("waitpid", waitpid(child, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#endif
