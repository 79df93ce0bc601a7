/* The rate of 64-octet UDP datagrams below which none is lost: found by halving, with plain send(2) and recv(2).
 *
 *   datagrams server ADDRESS PORT
 *   datagrams client ADDRESS PORT SECONDS      prints the best rate, in datagrams a second, that arrived whole
 *
 * A rate counts as carried if at most one datagram in a thousand is missing, in the better of two tries: one pause of the
 * machine must not decide. The rate is what was sent, not what was asked for, where the sender is the slower one. */
#include "bench.h"
#include <math.h>

enum { SIZE = 64, STEPS = 9, CLOSING_TRIES = 20 };

static const double slowest = 5e3, fastest = 2e6, loss_allowed = 1e-3, tick = 100e-6;

/* Fills a datagram; is_end asks the server how many of the run have come. */
struct datagram {
  uint32_t run, is_end;
  uint64_t count;
  char filler[SIZE - 16];
};

static void serve(const char *address, int port) {
  struct sockaddr_in own = internet_address(address, port), peer;
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0 || bind(descriptor, (void *)&own, sizeof own) < 0)
    fail("bind");
  struct datagram datagram;
  uint32_t run = 0;
  uint64_t count = 0;
  for (;;) {
    socklen_t length = sizeof peer;
    if (recvfrom(descriptor, &datagram, sizeof datagram, 0, (void *)&peer, &length) != SIZE)
      continue;
    if (datagram.run != run) {
      run = datagram.run;
      count = 0;
    }
    if (!datagram.is_end) {
      count++;
      continue;
    }
    datagram.count = count;
    sendto(descriptor, &datagram, SIZE, 0, (void *)&peer, length);
  }
}

/* How many datagrams of the run have come, asked until there is an answer. */
static uint64_t ask(int descriptor, uint32_t run) {
  struct datagram end = {.run = run, .is_end = 1};
  for (int attempt = 0; attempt < CLOSING_TRIES; attempt++) {
    send(descriptor, &end, SIZE, 0);
    struct datagram answer;
    while (recv(descriptor, &answer, sizeof answer, 0) == SIZE) {
      if (answer.run == run)
        return answer.count;
    }
  }
  fprintf(stderr, "the server does not answer\n");
  exit(1);
}

/* Sends at the rate for a while; the rate that was carried, or 0 if too many were lost. */
static double try_rate(int descriptor, double rate, double seconds, double *sent_rate) {
  static uint32_t run;
  struct datagram datagram = {.run = ++run};
  uint64_t sent = 0;
  double begin = now(), end = begin + seconds, time = begin;
  while (time < end) {
    for (uint64_t due = (uint64_t)((time - begin) * rate) + 1; sent < due && time < end;) {
      if (send(descriptor, &datagram, SIZE, 0) == SIZE)
        sent++;
      else if (errno != ENOBUFS)
        fail("send");
      if (sent % 64 == 0)
        time = now();
    }
    /* Sleeps between the bursts: a sender that spins would take the processor that others on the way need. */
    wait_seconds(tick);
    time = now();
  }
  *sent_rate = (double)sent / (time - begin);
  wait_seconds(0.02); /* what is under way arrives */
  uint64_t arrived = ask(descriptor, run);
  return (double)arrived >= (double)sent * (1 - loss_allowed) ? *sent_rate : 0;
}

static double find_rate(int descriptor, double seconds) {
  double low = slowest, high = fastest, best = 0;
  for (int step = 0; step < STEPS; step++) {
    double rate = sqrt(low * high);
    double sent_rate, carried = try_rate(descriptor, rate, seconds, &sent_rate);
    if (carried == 0)
      carried = try_rate(descriptor, rate, seconds, &sent_rate);
    if (carried > best)
      best = carried;
    if (carried == 0)
      high = fmin(rate, sent_rate);
    else if (sent_rate < rate * 0.9) /* the sender can do no more */
      break;
    else
      low = rate;
  }
  return best;
}

int main(int words, char **word) {
  if (words == 4 && strcmp(word[1], "server") == 0)
    serve(word[2], atoi(word[3]));
  if (words != 5 || strcmp(word[1], "client") != 0) {
    fprintf(stderr, "usage: datagrams server ADDRESS PORT | client ADDRESS PORT SECONDS\n");
    return 2;
  }
  struct sockaddr_in peer = internet_address(word[2], atoi(word[3]));
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  struct timeval patience = {0, 100000};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (descriptor < 0 || connect(descriptor, (void *)&peer, sizeof peer) < 0)
    fail("connect");
  prctl(PR_SET_TIMERSLACK, 1UL);
  ask(descriptor, 0); /* the server is there, the neighbour is known */
  printf("%.0f\n", find_rate(descriptor, atof(word[4]) / STEPS));
  return 0;
}
