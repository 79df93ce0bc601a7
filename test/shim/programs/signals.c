/* A 200 µs timer whose handler makes sockets, asks them and closes them, over a main program that does the same. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t rounds;

static void use(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    getpeername(fd, (struct sockaddr *)&address, &length);
    connect(fd, (struct sockaddr *)&address, sizeof address);
    char octet;
    (void)!recv(fd, &octet, 1, MSG_DONTWAIT);
    close(fd);
}

static void handler(int signal)
{
    (void)signal;
    int kept = errno;
    use();
    errno = kept;
    rounds++;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 200}, {0, 200}};
    setitimer(ITIMER_REAL, &often, NULL);
    int bad = 0;
    while (rounds < 2000)
    {
        errno = 77;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bad += fd < 0 || errno != 77; /* success leaves errno alone */
        close(fd);
        use();
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    printf("done, errno %s\n", bad == 0 ? "kept" : "lost");
    return 0;
}
