/* Refers to environ, which a linker then copies into a program that is not position-independent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

extern char **environ;

int main(void)
{
    int fd = environ != NULL ? socket(AF_INET, SOCK_DGRAM, 0) : -2;
    puts(fd == -1 ? strerror(errno) : "a socket of the machine's own network");
    return 0;
}
