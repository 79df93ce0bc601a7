/* What poll() has promised of a busy UDP socket is there, though nobody gets a processor for long. */
#include "busy.h"
#include <pthread.h>

#define HOGS 3
#define SECONDS 4

static volatile int is_over;

static void *hog(void *unused)
{
    while (!is_over)
        ;
    return unused;
}

static void *send_bursts(void *unused)
{
    unsigned seed = 1;
    while (!is_over)
    {
        send_some(1 + rand_r(&seed) % 40);
        pause_for(rand_r(&seed) % 50000);
    }
    return unused;
}

int main(void)
{
    begin();
    make_busy();
    pthread_t threads[HOGS + 1];
    for (int i = 0; i <= HOGS; i++)
        pthread_create(&threads[i], NULL, i == HOGS ? send_bursts : hog, NULL);
    long broken = 0, kept = 0;
    unsigned number;
    for (time_t end = time(NULL) + SECONDS; time(NULL) < end;)
    {
        if (!is_readable(1000))
            continue;
        if (recv(receiver, &number, sizeof number, MSG_DONTWAIT) < 0)
            broken++;
        else
            kept++;
    }
    is_over = 1;
    for (int i = 0; i <= HOGS; i++)
        pthread_join(threads[i], NULL);
    printf("kept %d, broken %ld\n", kept > 0, broken);
    return 0;
}
