/* The raw frames that a VDE switch can carry: one plug sends 1514-octet frames as fast as the switch takes them, another
 * counts those that arrive. A window that kept the switch from dropping any made it no faster.
 *
 *   plugs DIRECTORY SECONDS      prints the frames that arrived in a second */
#include "bench.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/un.h>

enum { FRAME = 1514, PATIENCE_MS = 2000 };

struct request {
  uint32_t magic, version, type;
  struct sockaddr_un own;
  char description[128];
} __attribute__((packed, aligned(4)));

/* A port of the switch: its data socket. The control connection stays open for as long as the process lives. */
static int plug(const char *directory, int number) {
  struct sockaddr_un control = {.sun_family = AF_UNIX}, own = {.sun_family = AF_UNIX}, peer;
  snprintf(control.sun_path, sizeof control.sun_path, "%s/ctl", directory);
  snprintf(own.sun_path, sizeof own.sun_path, "%s/.%05d-%05d", directory, getpid(), number);
  int stream = socket(AF_UNIX, SOCK_STREAM, 0), data = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (stream < 0 || data < 0 || connect(stream, (void *)&control, sizeof control) < 0)
    fail(control.sun_path);
  if (bind(data, (void *)&own, sizeof own) < 0)
    fail(own.sun_path);
  struct request ask = {0xfeedface, 3, 0, own, "bench"};
  if (write(stream, &ask, sizeof ask - sizeof ask.description + strlen(ask.description)) < 0)
    fail("ask for a port");
  struct pollfd answer = {.fd = stream, .events = POLLIN};
  if (poll(&answer, 1, PATIENCE_MS) != 1 || read(stream, &peer, sizeof peer) != sizeof peer)
    fail("the switch gave no port");
  if (connect(data, (void *)&peer, sizeof peer) < 0)
    fail(peer.sun_path);
  unlink(own.sun_path);
  return data;
}

static void count(int data, long *arrived) {
  unsigned char frame[2048];
  for (;;) {
    ssize_t length = recv(data, frame, sizeof frame, 0);
    if (length < 0)
      fail("receive");
    if (length == FRAME) /* what others broadcast is shorter */
      __atomic_add_fetch(arrived, 1, __ATOMIC_RELAXED);
  }
}

int main(int words, char **word) {
  if (words != 3) {
    fprintf(stderr, "usage: plugs DIRECTORY SECONDS\n");
    return 2;
  }
  double seconds = atof(word[2]);
  alarm((unsigned)seconds + 20);
  long *arrived = mmap(NULL, sizeof *arrived, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (arrived == MAP_FAILED)
    fail("mmap");
  int sender = plug(word[1], 0), receiver = plug(word[1], 1);
  unsigned char frame[FRAME] = {2, 0, 0, 0, 0xbe, 2, 2, 0, 0, 0, 0xbe, 1, 0x88, 0xb5}; /* type: local experiment */
  unsigned char hello[60] = {2, 0, 0, 0, 0xbe, 1, 2, 0, 0, 0, 0xbe, 2, 0x88, 0xb5};
  if (send(receiver, hello, sizeof hello, 0) < 0) /* the switch learns where the receiver is */
    fail("send");
  wait_seconds(0.05);
  pid_t counter = fork();
  if (counter < 0)
    fail("fork");
  if (counter == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    count(receiver, arrived);
  }
  double begin = now();
  while (now() < begin + seconds) {
    for (int burst = 0; burst < 16; burst++) {
      if (send(sender, frame, FRAME, 0) < 0)
        fail("send");
    }
  }
  printf("%.0f\n", (double)__atomic_load_n(arrived, __ATOMIC_RELAXED) / (now() - begin));
  kill(counter, SIGKILL);
  waitpid(counter, NULL, 0);
  return 0;
}
