/* What else programs do with a UDP socket that has a ring: with others who sleep, cancel, close, peek and take its number. */
#include "busy.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>

static int available(int fd)
{
    int octets = -1;
    ioctl(fd, FIONREAD, &octets);
    return octets;
}

/* A thread whose cancellation was requested earlier ends at its first cancellation point, and has taken and sent nothing. */
static void *request_then_receive(void *nothing)
{
    unsigned number;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    recv(receiver, &number, sizeof number, 0);
    return nothing;
}

static void *request_then_send(void *nothing)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    send_some(1);
    return nothing;
}

static void cancel(const char *what, void *(*call)(void *))
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, call, NULL);
    pthread_join(thread, &result);
    printf("%s: cancelled %d\n", what, result == PTHREAD_CANCELED);
}

static void canceling(void)
{
    send_some(1);
    is_readable(5000);
    cancel("recv", request_then_receive);
    cancel("send", request_then_send);
    pause_for(50000000);
    printf("left %d\n", drain());
}

static void *look(void *nothing)
{
    unsigned number;
    recv(receiver, &number, sizeof number, MSG_PEEK);
    return nothing;
}

static void *take(void *nothing)
{
    unsigned number;
    say("taken by the second", recv(receiver, &number, sizeof number, 0));
    return nothing;
}

/* Whom the first datagram has woken goes away; another one is woken for the second. */
static void waking(void)
{
    pthread_t first, second;
    pthread_create(&first, NULL, look, NULL);
    pause_for(50000000);
    pthread_create(&second, NULL, take, NULL);
    pause_for(50000000);
    send_some(1);
    pthread_join(first, NULL);
    pause_for(5000000);
    send_some(1);
    pthread_join(second, NULL);
    pause_for(50000000);
    printf("left %d\n", drain());
}

static void *await(void *set)
{
    struct epoll_event event;
    long count = epoll_wait(*(int *)set, &event, 1, 5000);
    return (void *)count;
}

static void waking_exclusively(void)
{
    pthread_t threads[2];
    int sets[2];
    long woken = 0;
    for (int i = 0; i < 2; i++)
    {
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
        sets[i] = epoll_create1(0);
        epoll_ctl(sets[i], EPOLL_CTL_ADD, receiver, &event);
        pthread_create(&threads[i], NULL, await, &sets[i]);
    }
    pause_for(50000000);
    send_some(1);
    pause_for(50000000);
    send_some(1);
    for (int i = 0; i < 2; i++)
    {
        void *result;
        pthread_join(threads[i], &result);
        woken += (long)result;
        close(sets[i]);
    }
    pause_for(100000000);
    printf("EPOLLEXCLUSIVE: woken %ld, left %d\n", woken, drain());
}

static void lengths(void)
{
    static char out[65507], in[65507];
    static const int sizes[] = {0, 1, 63, 64, 65, 1000, 1472, 1473, 9000, 65507};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    {
        memset(out, (int)i + 1, sizeof out);
        printf("sent %zd", send(sender, out, sizes[i], 0));
        printf(", readable %d", is_readable(5000));
        pause_for(20000000);
        printf(", FIONREAD %d", available(receiver));
        ssize_t length = recv(receiver, in, sizeof in, 0);
        printf(", received %zd, whole %d\n", length, length < 1 || (in[0] == (char)(i + 1) && in[length - 1] == (char)(i + 1)));
    }
    send_some(3);
    printf("readable %d\n", is_readable(5000));
    say("read of nothing", read(receiver, in, 0));
    pause_for(50000000);
    say("recv of nothing", recv(receiver, in, 0, 0));
    printf("left %d\n", drain());
}

static volatile sig_atomic_t taken_by_handler;

static void receive_in_handler(int signal)
{
    unsigned number;
    (void)signal;
    taken_by_handler += recv(receiver, &number, sizeof number, MSG_DONTWAIT) == sizeof number;
}

static pthread_t main_thread;

static void *disturb(void *nothing)
{
    for (int round = 0; round < 300; round++)
    {
        send_some(2);
        pthread_kill(main_thread, SIGUSR1);
        pause_for(100000);
    }
    return nothing;
}

static void handling(void)
{
    pthread_t thread;
    unsigned number;
    int taken = 0;
    main_thread = pthread_self();
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = receive_in_handler, .sa_flags = SA_RESTART}, NULL);
    pthread_create(&thread, NULL, disturb, NULL);
    /* Restarted or not, what the handler leaves is taken. */
    struct timeval soon = {0, 500000};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    for (time_t end = time(NULL) + 10; taken + taken_by_handler < 600 && time(NULL) < end;)
        taken += recv(receiver, &number, sizeof number, 0) == sizeof number;
    pthread_join(thread, NULL);
    taken += taken_by_handler;
    printf("taken in all %d, left %d\n", taken, drain());
    soon.tv_sec = 10;
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
}

static void not_blocking(void)
{
    unsigned number;
    fd_set set;
    struct timeval no_time = {0, 0};
    fcntl(receiver, F_SETFL, O_NONBLOCK);
    say("O_NONBLOCK", recv(receiver, &number, sizeof number, 0));
    say("read", read(receiver, &number, sizeof number));
    FD_ZERO(&set);
    FD_SET(receiver, &set);
    say("select", select(receiver + 1, &set, NULL, NULL, &no_time));
    fcntl(receiver, F_SETFL, 0);
}

/* Another program that was given the socket knows nothing of the ring yet. */
static void executing(const char *program)
{
    char number[16];
    snprintf(number, sizeof number, "%d", receiver);
    send_some(3);
    is_readable(5000);
    pause_for(50000000);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
    {
        execl(program, program, number, NULL);
        _exit(1);
    }
    say("child", exit_status_of(child));
    printf("left %d\n", drain());
}

static void executed(int fd)
{
    unsigned number;
    receiver = fd;
    printf("FIONREAD %d\n", available(fd));
    say("peek", recv(fd, &number, sizeof number, MSG_PEEK));
    say("recv", recv(fd, &number, sizeof number, 0));
}

/* With no descriptor left all goes on. */
static void short_of_descriptors(void)
{
    struct rlimit limit, few;
    unsigned number;
    getrlimit(RLIMIT_NOFILE, &limit);
    few = limit;
    few.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &few);
    send_some(1);
    say("without descriptors", recv(receiver, &number, sizeof number, 0));
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void *receive(void *nothing)
{
    unsigned number;
    recv(receiver, &number, sizeof number, 0);
    return nothing;
}

/* The number of a socket that was closed in the middle of a recv() is another one's, whose datagrams stay where they are. */
static void closing(void)
{
    pthread_t thread;
    char text[8] = "";
    pthread_create(&thread, NULL, receive, NULL);
    pause_for(50000000);
    int other = bound(SOCK_DGRAM);
    struct sockaddr_in name = local_of(other);
    sendto(sender, "kept", 4, 0, (struct sockaddr *)&name, sizeof name);
    wait_for(other, POLLIN);
    dup2(other, receiver);
    send_some(1);
    pthread_join(thread, NULL);
    say("the other socket's", recv(other, text, sizeof text, MSG_DONTWAIT));
    printf("%s\n", text);
    close(other);
    close(receiver);
    close(sender);
}

int main(int count, char **words)
{
    begin();
    if (count == 2)
    {
        executed(atoi(words[1]));
        return 0;
    }
    make_busy();
    canceling();
    waking();
    waking_exclusively();
    lengths();
    handling();
    not_blocking();
    executing(words[0]);
    short_of_descriptors();
    closing();
    return 0;
}
