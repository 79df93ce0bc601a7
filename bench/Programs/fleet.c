/* Runs a program on each of many hosts, until its standard input ends; then all end with it.
 *
 *   fleet PYCO_RUN NETWORK SUBNET COUNT PROGRAM [ARGUMENT...]
 *
 * Prints "ready COUNT" when each program has written its first octet. */
#include "bench.h"
#include <poll.h>

enum { STARTING_AT_ONCE = 4, PATIENCE_MS = 30000 };

static void start(int host, int tell, char **word) {
  if (fork() != 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* stays in force over execve(2) */
  dup2(tell, STDOUT_FILENO);
  char *command[64] = {word[1], "-q", "-a", (char *)host_address(word[3], host), "-f", word[2], "--"};
  for (int index = 0; word[5 + index] != NULL && index < 56; index++)
    command[7 + index] = word[5 + index];
  execv(word[1], command);
  fail(word[1]);
}

static void await_one(int told) {
  struct pollfd readable[] = {{.fd = told, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  if (poll(readable, 2, PATIENCE_MS) == 0) {
    fprintf(stderr, "a host did not get ready\n");
    exit(1);
  }
  char octet;
  if (readable[1].revents != 0)
    exit(0);
  if (waitpid(-1, NULL, WNOHANG) > 0) {
    fprintf(stderr, "a host's program ended\n");
    exit(1);
  }
  if (read(told, &octet, 1) != 1)
    fail("read");
}

int main(int words, char **word) {
  if (words < 6) {
    fprintf(stderr, "usage: fleet PYCO_RUN NETWORK SUBNET COUNT PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  int told[2], count = atoi(word[4]), started = 0;
  if (pipe(told) < 0)
    fail("pipe");
  fcntl(told[0], F_SETFD, FD_CLOEXEC);
  for (int ready = 0; ready < count; ready++) {
    while (started < count && started - ready < STARTING_AT_ONCE)
      start(started++, told[1], word);
    await_one(told[0]);
  }
  printf("ready %d\n", count);
  fflush(stdout);
  char octet;
  while (read(STDIN_FILENO, &octet, 1) > 0)
    continue;
  return 0;
}
