/* A web server that is as small as can be: one answer, one connection after the other. A line on its standard output says
 * that it listens. */
#include "bench.h"

int main(void) {
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(80)};
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (void *)&any, sizeof any) < 0 || listen(listener, 64) < 0)
    fail("listen");
  if (write(STDOUT_FILENO, "\n", 1) != 1)
    fail("tell");
  static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n";
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0)
      fail("accept");
    char request[4096];
    if (read(connection, request, sizeof request) > 0 && write(connection, answer, sizeof answer - 1) < 0)
      perror("answer");
    close(connection);
  }
}
