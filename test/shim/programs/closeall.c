/* Closes every descriptor above the standard ones, as daemons and sudo do, and goes on with sockets. */
#define _GNU_SOURCE
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
    closefrom(3);
    int open = 0;
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        open += entry->d_name[0] != '.' && atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(folder);
    closedir(folder);
    printf(open == 0 ? "no descriptor but the standard ones\n" : "%d more descriptors\n", open);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    printf("socket %d %s\n", fd, getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? "works" : "fails");
    return 0;
}
