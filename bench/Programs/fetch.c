/* Fetches from web servers on many hosts, one request after the other, each over a connection of its own.
 *
 *   fetch SUBNET COUNT RATE REQUESTS
 *
 * First from each host once, as fast as they answer; then, for each line on the standard input, REQUESTS times in turn, RATE
 * times a second. Each round ends with a line "answered N in S". */
#include "bench.h"

enum { PATIENCE = 5, TOO_MANY_FAILURES = 3 };

static int is_answered(const struct sockaddr_in *server) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0)
    fail("socket");
  bound_waits(connection, PATIENCE);
  static const char request[] = "GET / HTTP/1.0\r\n\r\n";
  char answer[4096];
  size_t length = 0;
  if (connect(connection, (const void *)server, sizeof *server) == 0 &&
      write(connection, request, sizeof request - 1) == sizeof request - 1) {
    ssize_t taken;
    while ((taken = read(connection, answer + length, sizeof answer - length)) > 0)
      length += (size_t)taken;
  }
  close(connection);
  return length > 3 && memcmp(answer + length - 3, "hi\n", 3) == 0;
}

static void fetch(const char *subnet, int hosts, long requests, double rate) {
  long answered = 0;
  double begin = now();
  for (long request = 0; request < requests && answered > request - TOO_MANY_FAILURES; request++) {
    if (rate > 0)
      wait_seconds(begin + (double)request / rate - now());
    struct sockaddr_in server = internet_address(host_address(subnet, (int)(request % hosts)), 80);
    answered += is_answered(&server);
  }
  printf("answered %ld in %.3f\n", answered, now() - begin);
  fflush(stdout);
}

int main(int words, char **word) {
  if (words != 5) {
    fprintf(stderr, "usage: fetch SUBNET COUNT RATE REQUESTS\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  fetch(word[1], atoi(word[2]), atoi(word[2]), 0);
  char line[16];
  while (fgets(line, sizeof line, stdin) != NULL)
    fetch(word[1], atoi(word[2]), atol(word[4]), atof(word[3]));
  return 0;
}
