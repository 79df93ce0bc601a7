/* Threads that never stop using sockets, and a main thread that forks children which use them too. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int use(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int expected = connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno == ENETDOWN;
    close(fd);
    return fd >= 0 && expected;
}

static void *always(void *unused)
{
    while (1)
        use();
    return unused;
}

int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, always, NULL);
    int bad = 0;
    for (int i = 0; i < 200; i++)
    {
        pid_t child = i % 2 == 0 ? fork() : vfork();
        if (child == 0)
            _exit(use() ? 0 : 1);
        int status;
        waitpid(child, &status, 0);
        bad += status != 0;
    }
    printf("200 children, %d bad\n", bad);
    return 0;
}
