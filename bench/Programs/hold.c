/* Many TCP connections that nothing is sent over.
 *
 *   hold server ADDRESS PORT
 *   hold client ADDRESS PORT COUNT
 *
 * A client tells "held N" when its connections stand. For each line on its standard input it sends an octet over each
 * and waits for its echo, and tells "alive N". */
#include "bench.h"
#include <sys/epoll.h>

enum { PATIENCE = 10, TOO_MANY_FAILURES = 3, EVENTS = 256 };

static void serve(const char *address, int port) {
  struct sockaddr_in own = internet_address(address, port);
  int listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0);
  if (listener < 0 || bind(listener, (void *)&own, sizeof own) < 0 || listen(listener, 4096) < 0)
    fail("listen");
  struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, -1);
    for (int index = 0; index < count; index++) {
      int descriptor = events[index].data.fd;
      if (descriptor == listener) {
        interest.data.fd = accept(listener, NULL, NULL);
        if (interest.data.fd < 0)
          fail("accept");
        epoll_ctl(poller, EPOLL_CTL_ADD, interest.data.fd, &interest);
        continue;
      }
      char octet;
      if (read(descriptor, &octet, 1) != 1 || write(descriptor, &octet, 1) != 1)
        close(descriptor);
    }
  }
}

static long alive(const int *connections, int count) {
  long answers = 0;
  char octet = 'x';
  for (int index = 0; index < count && answers > index - TOO_MANY_FAILURES; index++)
    answers += write(connections[index], &octet, 1) == 1 && read(connections[index], &octet, 1) == 1;
  return answers;
}

static void hold(const char *address, int port, int count) {
  struct sockaddr_in server = internet_address(address, port);
  int *connections = calloc((size_t)count, sizeof *connections), held = 0;
  for (int index = 0; index < count; index++) {
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0)
      fail("socket");
    bound_waits(connection, PATIENCE);
    if (connect(connection, (void *)&server, sizeof server) < 0) {
      perror("connect");
      break;
    }
    connections[held++] = connection;
  }
  printf("held %d\n", held);
  fflush(stdout);
  char line[16];
  while (fgets(line, sizeof line, stdin) != NULL) {
    printf("alive %ld\n", alive(connections, held));
    fflush(stdout);
  }
}

int main(int words, char **word) {
  raise_open_files();
  signal(SIGPIPE, SIG_IGN);
  if (words == 4 && strcmp(word[1], "server") == 0)
    serve(word[2], atoi(word[3]));
  else if (words == 5 && strcmp(word[1], "client") == 0)
    hold(word[2], atoi(word[3]), atoi(word[4]));
  else
    fprintf(stderr, "usage: hold server ADDRESS PORT | client ADDRESS PORT COUNT\n");
  return 2 * (words != 5);
}
